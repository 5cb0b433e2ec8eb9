// Reads for events of other servers: what they cite, where the state after an event stands, and what states of a room differ in. All by
// room and id or number, each part a look-up whatever the planner believes (see room-state.ts). Only the door writes these tables.
import { type Queryable, statement } from '../database.ts';
import type { StatePlace } from './room-state.ts';

/** An event that another one cites. */
export interface CitedRow {
  readonly eventNid: number;
  readonly eventId: string;
  readonly position: number | null;
  readonly keyNid: number | null;
  readonly depth: number;
  /** The state before it. */
  readonly line: number;
  readonly stateVersion: number;
  readonly outlier: boolean;
  readonly rejected: boolean;
  readonly softFailed: boolean;
  readonly json: string;
}

const citedColumns = `e.event_nid as "eventNid", e.event_id as "eventId", e.position, e.key_nid as "keyNid", e.depth, e.line,
    e.state_version as "stateVersion", e.outlier, e.rejected, e.soft_failed as "softFailed", j.json`;

const cited = statement(
  'forks.cited',
  `select ${citedColumns}
    from unnest($2::text[]) as w(event_id)
    cross join lateral (select e.* from events e where e.room_nid = $1 and e.event_id = w.event_id limit 1) e
    cross join lateral (
      select j.json from event_json j where j.room_nid = $1 and j.event_nid = e.event_nid limit 1) j`,
);

/** Events of a room by their ids, whatever became of them. */
export async function citedEvents(db: Queryable, roomNid: number, eventIds: readonly string[]): Promise<CitedRow[]> {
  return eventIds.length === 0 ? [] : db.query<CitedRow>(cited, [roomNid, eventIds]);
}

const byNumber = statement(
  'forks.by_number',
  `select ${citedColumns}
    from unnest($2::bigint[]) as w(event_nid)
    cross join lateral (select e.* from events e where e.room_nid = $1 and e.event_nid = w.event_nid limit 1) e
    cross join lateral (
      select j.json from event_json j where j.room_nid = $1 and j.event_nid = e.event_nid limit 1) j`,
);

/** The same by their numbers. */
export async function citedByNumber(db: Queryable, roomNid: number, eventNids: readonly number[]): Promise<CitedRow[]> {
  return eventNids.length === 0 ? [] : db.query<CitedRow>(byNumber, [roomNid, eventNids]);
}

const earlyRedactions = statement(
  'forks.early_redactions',
  `select ${citedColumns}, w.redacts
    from (select r.event_nid, r.redacts from unnest($2::text[]) as x(event_id)
      cross join lateral (
        select r.event_nid, r.redacts from early_redactions r where r.room_nid = $1 and r.redacts = x.event_id) r) w
    cross join lateral (select e.* from events e where e.room_nid = $1 and e.event_nid = w.event_nid limit 1) e
    cross join lateral (
      select j.json from event_json j where j.room_nid = $1 and j.event_nid = e.event_nid limit 1) j
    order by e.event_nid`,
);

/** Redactions of events that came before them. */
export async function redactionsOf(
  db: Queryable,
  roomNid: number,
  eventIds: readonly string[],
): Promise<(CitedRow & { readonly redacts: string })[]> {
  return db.query(earlyRedactions, [roomNid, eventIds]);
}

// Auth chains run through state events alone, so event_auth has all that is followed. `offset 0` keeps the planner from joining with all
// auth events of the room in each step, as it does in a table that it believes to be small.
const authEventsOf = (from: string) => `cross join lateral (
        select a.auth_event_id from event_auth a where a.room_nid = $1 and a.event_nid = ${from}.event_nid offset 0) a
      cross join lateral (
        select e.event_nid from events e where e.room_nid = $1 and e.event_id = a.auth_event_id limit 1) e`;
const named = `unnest($2::text[]) as w(event_id)
      cross join lateral (select e.event_nid from events e where e.room_nid = $1 and e.event_id = w.event_id limit 1) e`;
const textsOf = (from: string) => `select ${citedColumns} from ${from} b
    cross join lateral (select e.* from events e where e.room_nid = $1 and e.event_nid = b.event_nid limit 1) e
    cross join lateral (
      select j.json from event_json j where j.room_nid = $1 and j.event_nid = e.event_nid limit 1) j`;

const withCitedOnes = statement(
  'forks.with_cited',
  `with own as (select e.event_nid from ${named}),
    below as (select event_nid from own union select e.event_nid from own ${authEventsOf('own')})
    ${textsOf('below')}`,
);

/** State events and their auth events. */
export async function withAuthEvents(db: Queryable, roomNid: number, eventIds: readonly string[]): Promise<CitedRow[]> {
  return eventIds.length === 0 ? [] : db.query<CitedRow>(withCitedOnes, [roomNid, eventIds]);
}

const withAuthChain = statement(
  'forks.with_auth_chain',
  `with recursive below(event_nid) as (
      select e.event_nid from ${named}
      union
      select e.event_nid from below ${authEventsOf('below')}),
    nearest as (select event_nid from below limit $3)
    ${textsOf('nearest')}`,
);

/** State events and what is in their auth chains, the nearest first, `limit` of them at most. */
export async function withAuthChains(
  db: Queryable,
  roomNid: number,
  eventIds: readonly string[],
  limit: number,
): Promise<CitedRow[]> {
  return eventIds.length === 0 ? [] : db.query<CitedRow>(withAuthChain, [roomNid, eventIds, limit]);
}

/** What comes after a place of a room's state. */
export interface PlaceRow extends StatePlace {
  /** Of a fork: where it stands on line 0. */
  readonly baseVersion: number | null;
  /** The last version of the fork. */
  readonly head: number | null;
  /** Events of the changes at the next version of the line, at most two; null where a key was removed. */
  readonly next: readonly (number | null)[];
}

const placesAfter = statement(
  'forks.places_after',
  `select p.line, p.version, b.base_version as "baseVersion", h.head, coalesce(n.next, '{}') as next
    from unnest($2::int[], $3::bigint[]) as p(line, version)
    left join lateral (
      select l.base_version from state_lines l where l.room_nid = $1 and l.line = p.line) b on true
    left join lateral (
      select max(s.from_version) as head from room_state s
      where p.line <> 0 and s.room_nid = $1 and s.line = p.line and s.from_version > 0) h on true
    left join lateral (
      select array_agg(x.event_nid) as next from (
        select s.event_nid from room_state s
        where s.room_nid = $1 and s.line = p.line and s.from_version > 0 and s.from_version = p.version + 1 limit 2) x) n on true`,
);

/** What comes after each of these places. */
export async function afterPlaces(
  db: Queryable,
  roomNid: number,
  places: readonly StatePlace[],
): Promise<readonly PlaceRow[]> {
  if (places.length === 0) return [];
  return db.query<PlaceRow>(placesAfter, [
    roomNid,
    places.map(({ line }) => line),
    places.map(({ version }) => version),
  ]);
}

const ownOfLine = statement(
  'forks.own_of_line',
  `select key_nid as "keyNid", event_nid as "eventNid" from room_state
    where room_nid = $1 and line = $2 and from_version > 0 and from_version <= $3
      and (to_version is null or to_version > $3)`,
);

/** What a fork differs in from its base, at a version. */
export async function ownValues(
  db: Queryable,
  roomNid: number,
  { line, version }: StatePlace,
): Promise<{ readonly keyNid: number; readonly eventNid: number | null }[]> {
  return db.query<{ keyNid: number; eventNid: number | null }>(ownOfLine, [roomNid, line, version]);
}

/** A value of a key at one of several places. */
export interface ComparedRow {
  readonly keyNid: number;
  readonly type: string;
  readonly stateKey: string;
  /** Index of the place. */
  readonly place: number;
  readonly eventNid: number;
  readonly eventId: string;
}

const compared = statement(
  'forks.compared',
  `with changed as (
      select s.key_nid from room_state s
      where s.room_nid = $1 and s.line = 0 and s.from_version > 0 and s.from_version > $4 and s.from_version <= $5
      union
      select s.key_nid from unnest($2::int[]) as l(line)
      join room_state s on s.room_nid = $1 and s.line = l.line and s.from_version > 0
      where l.line <> 0
      union
      select k.key_nid from unnest($6::bigint[]) as k(key_nid)
      limit $7)
    select c.key_nid as "keyNid", k.type, k.state_key as "stateKey", (p.at - 1)::int as place, e.event_nid as "eventNid",
      e.event_id as "eventId"
    from unnest($2::int[], $3::bigint[]) with ordinality as p(line, version, at)
    cross join changed c
    cross join lateral (select k.* from state_keys k where k.key_nid = c.key_nid limit 1) k
    left join lateral (
      select s.key_nid, s.event_nid from room_state s
      where s.room_nid = $1 and s.line = p.line and s.key_nid = c.key_nid and s.from_version <= p.version
      order by s.from_version desc limit 1) own on true
    left join lateral (
      select s.key_nid, s.event_nid from room_state s
      where p.line <> 0 and own.key_nid is null and s.room_nid = $1 and s.line = 0 and s.key_nid = c.key_nid
        and s.from_version <= (select l.base_version from state_lines l where l.room_nid = $1 and l.line = p.line)
      order by s.from_version desc limit 1) base on true
    cross join lateral (
      select e.event_nid, e.event_id from events e
      where e.room_nid = $1 and e.event_nid = case when own.key_nid is null then base.event_nid else own.event_nid end
      limit 1) e`,
);

/**
 * Values of all keys in which the states at these places can differ, and of the given ones; where a key has none, the row is missing.
 *
 * @param also  lowest and highest version of line 0 that any of the places stands on; how many keys are looked at
 */
export async function compareStates(
  db: Queryable,
  roomNid: number,
  places: readonly StatePlace[],
  also: { readonly span: readonly [number, number]; readonly keyNids: readonly number[]; readonly keysMax: number },
): Promise<ComparedRow[]> {
  return db.query<ComparedRow>(compared, [
    roomNid,
    places.map(({ line }) => line),
    places.map(({ version }) => version),
    ...also.span,
    also.keyNids,
    also.keysMax,
  ]);
}

const wholeIds = statement(
  'forks.whole_ids',
  `with own as (
      select s.key_nid, s.event_nid from room_state s
      where s.room_nid = $1 and s.line = $2 and s.from_version <= $3 and (s.to_version is null or s.to_version > $3)),
    base as (
      select s.key_nid, s.event_nid from state_lines l
      join room_state s on s.room_nid = $1 and s.line = 0 and s.from_version <= l.base_version
        and (s.to_version is null or s.to_version > l.base_version)
      where l.room_nid = $1 and l.line = $2 and $2 <> 0 and not exists (select from own where own.key_nid = s.key_nid))
    select k.key_nid as "keyNid", k.type, k.state_key as "stateKey", e.event_nid as "eventNid", e.event_id as "eventId"
    from (select * from own union all select * from base) x
    cross join lateral (select k.* from state_keys k where k.key_nid = x.key_nid limit 1) k
    cross join lateral (
      select e.event_nid, e.event_id from events e where e.room_nid = $1 and e.event_nid = x.event_nid limit 1) e`,
);

/** The ids of the whole state at a place. */
export async function wholeStateIds(
  db: Queryable,
  roomNid: number,
  { line, version }: StatePlace,
): Promise<Omit<ComparedRow, 'place'>[]> {
  return db.query<Omit<ComparedRow, 'place'>>(wholeIds, [roomNid, line, version]);
}
