// Reads of `room_state`: a key of a room's state is valid from one version of a line to another (decision D15). Line 0 is the room
// as this server resolved it; another line holds only what a fork differs in from its base on line 0. So a value at (line, version)
// is the newest interval of that line, else of line 0 at the base: two look-ups, never a chain.
import { type Queryable, statement } from '../database.ts';

/** One value of a room's state. */
export interface StateValueRow {
  readonly type: string;
  readonly stateKey: string;
  readonly keyNid: number;
  readonly eventNid: number;
  readonly eventId: string;
  readonly json: string;
}

/** A place in the history of a room's state. */
export interface StatePlace {
  readonly line: number;
  readonly version: number;
}

const values = `k.type, k.state_key as "stateKey", k.key_nid as "keyNid", e.event_nid as "eventNid", e.event_id as "eventId", j.json`;

// Each part is a look-up by primary key whatever the planner believes: `limit 1` keeps it from joining the other way round, and of the
// indexes of room_state only the primary key answers for one key (the other one's condition is not said), so one key does not cost all
// versions of its room. A row comparison would do the same at ten times the cost: it reads back over the other keys of an index page.
const keyOf = (wanted: string) => `join lateral (
      select k.* from state_keys k where k.type = ${wanted}.type and k.state_key = ${wanted}.state_key limit 1) k on true`;
const newestOf = (room: string) => `join lateral (
      select s.event_nid from room_state s
      where s.room_nid = ${room} and s.line = 0 and s.key_nid = k.key_nid
      order by s.from_version desc limit 1) s on true`;
const keyNamed = (keyNid: string) => `join lateral (
      select k.* from state_keys k where k.key_nid = ${keyNid} limit 1) k on true`;
const eventOf = (room: string) => `join lateral (
      select e.event_nid, e.event_id, e.order_major, e.order_minor from events e
      where e.room_nid = ${room} and e.event_nid = s.event_nid limit 1) e on true
    join lateral (
      select j.json from event_json j where j.room_nid = ${room} and j.event_nid = s.event_nid limit 1) j on true`;

const currentKeys = statement(
  'room_state.current_keys',
  `select ${values}
    from unnest($2::text[], $3::text[]) as wanted(type, state_key)
    ${keyOf('wanted')}
    ${newestOf('$1')}
    ${eventOf('$1')}`,
);

/** Values of these keys now; keys without a value are missing. */
export async function currentKeyValues(
  db: Queryable,
  roomNid: number,
  keys: readonly { readonly type: string; readonly stateKey: string }[],
): Promise<StateValueRow[]> {
  if (keys.length === 0) return [];
  return db.query<StateValueRow>(currentKeys, [roomNid, keys.map((key) => key.type), keys.map((key) => key.stateKey)]);
}

const currentKeysOfRooms = statement(
  'room_state.current_keys_of_rooms',
  `select r.room_nid as "roomNid", ${values}
    from unnest($1::bigint[]) as r(room_nid)
    cross join unnest($2::text[], $3::text[]) as wanted(type, state_key)
    ${keyOf('wanted')}
    ${newestOf('r.room_nid')}
    ${eventOf('r.room_nid')}`,
);

/** Values of these keys now in each of these rooms. */
export async function currentKeyValuesOfRooms(
  db: Queryable,
  roomNids: readonly number[],
  keys: readonly { readonly type: string; readonly stateKey: string }[],
): Promise<(StateValueRow & { readonly roomNid: number })[]> {
  if (roomNids.length === 0 || keys.length === 0) return [];
  return db.query<StateValueRow & { readonly roomNid: number }>(currentKeysOfRooms, [
    roomNids,
    keys.map((key) => key.type),
    keys.map((key) => key.stateKey),
  ]);
}

const changes = statement(
  'room_state.changes',
  `select k.type, k.state_key as "stateKey", k.key_nid as "keyNid", s.event_nid as "eventNid", e.event_id as "eventId", j.json
    from (
      select distinct on (s.key_nid) s.key_nid, s.event_nid from room_state s
      where s.room_nid = $1 and s.line = 0 and s.from_version > 0 and s.from_version > $2 and s.from_version <= $3
      order by s.key_nid, s.from_version desc limit $4) s
    ${keyNamed('s.key_nid')}
    left join lateral (select e.event_id from events e where e.room_nid = $1 and e.event_nid = s.event_nid limit 1) e on true
    left join lateral (select j.json from event_json j where j.room_nid = $1 and j.event_nid = s.event_nid limit 1) j on true
    order by s.key_nid`,
);

/** A key that changed between two versions, and its value after it. */
export interface StateChangeRow {
  readonly type: string;
  readonly stateKey: string;
  readonly keyNid: number;
  /** null: the key was removed. */
  readonly eventNid: number | null;
  readonly eventId: string | null;
  readonly json: string | null;
}

/** What changed on line 0 after version `after` up to `upTo`, each key once with its last value. */
export async function stateChanges(
  db: Queryable,
  roomNid: number,
  after: number,
  upTo: number,
  limit = 1_000_000,
): Promise<StateChangeRow[]> {
  return db.query<StateChangeRow>(changes, [roomNid, after, upTo, limit]);
}

const keysAtPlaces = statement(
  'room_state.keys_at_places',
  `select p.place::int as place, ${values}
    from unnest($2::int[], $3::bigint[]) with ordinality as p(line, version, place)
    cross join unnest($4::text[], $5::text[]) as wanted(type, state_key)
    ${keyOf('wanted')}
    left join lateral (
      select s.key_nid, s.event_nid from room_state s
      where s.room_nid = $1 and s.line = p.line and s.key_nid = k.key_nid and s.from_version <= p.version
      order by s.from_version desc limit 1) own on true
    left join lateral (
      select s.key_nid, s.event_nid from room_state s
      where p.line <> 0 and own.key_nid is null and s.room_nid = $1 and s.line = 0 and s.key_nid = k.key_nid
        and s.from_version <= (select l.base_version from state_lines l where l.room_nid = $1 and l.line = p.line)
      order by s.from_version desc limit 1) base on true
    cross join lateral (
      select case when own.key_nid is null then base.event_nid else own.event_nid end as event_nid) s
    ${eventOf('$1')}`,
);

/** Values of these keys at each of these places; `place` counts them from 1. */
export async function keyValuesAt(
  db: Queryable,
  roomNid: number,
  places: readonly StatePlace[],
  keys: readonly { readonly type: string; readonly stateKey: string }[],
): Promise<(StateValueRow & { readonly place: number })[]> {
  if (places.length === 0 || keys.length === 0) return [];
  return db.query<StateValueRow & { readonly place: number }>(keysAtPlaces, [
    roomNid,
    places.map((place) => place.line),
    places.map((place) => place.version),
    keys.map((key) => key.type),
    keys.map((key) => key.stateKey),
  ]);
}

const valuesOfKey = statement(
  'room_state.values_of_key',
  `select s.from_version as "fromVersion", s.to_version as "toVersion", j.json,
      e.order_major as "orderMajor", e.order_minor as "orderMinor"
    from (select $2::text as type, $3::text as state_key) as wanted
    ${keyOf('wanted')}
    join lateral (
      select s.* from room_state s
      where s.room_nid = $1 and s.line = 0 and s.key_nid = k.key_nid
      order by s.from_version desc limit $4) s on true
    ${eventOf('$1')}
    order by s.from_version desc`,
);

/** What a key was from one version of line 0 to another, and the place of the event that made it so. */
export interface KeyHistoryRow {
  readonly fromVersion: number;
  /** Exclusive; null: still so. */
  readonly toVersion: number | null;
  readonly json: string;
  readonly orderMajor: number;
  readonly orderMinor: number;
}

/** The last values of a key, the newest first. */
export async function keyHistory(
  db: Queryable,
  roomNid: number,
  key: { readonly type: string; readonly stateKey: string },
  limit: number,
): Promise<KeyHistoryRow[]> {
  return db.query<KeyHistoryRow>(valuesOfKey, [roomNid, key.type, key.stateKey, limit]);
}

// The whole state is read in pages by key_nid, so that a state of any size takes bounded memory.
const wholePage = statement(
  'room_state.whole_page',
  `with own as (
      select s.key_nid, s.event_nid from room_state s
      where s.room_nid = $1 and s.line = $2 and s.from_version <= $3 and (s.to_version is null or s.to_version > $3)
        and s.key_nid > $4),
    base as (
      select s.key_nid, s.event_nid from state_lines l
      join room_state s on s.room_nid = $1 and s.line = 0 and s.from_version <= l.base_version
        and (s.to_version is null or s.to_version > l.base_version)
      where l.room_nid = $1 and l.line = $2 and $2 <> 0 and s.key_nid > $4
        and not exists (select from own where own.key_nid = s.key_nid)),
    page as (select * from (select * from own union all select * from base) x
      where event_nid is not null order by key_nid limit $5)
    select ${values} from page s
    ${keyNamed('s.key_nid')}
    ${eventOf('$1')}
    order by k.key_nid`,
);

/** How many values of a whole state are read at once. */
const statePageRows = 2_000;

/** The whole state at a place, in order of key number, read page by page. */
export async function* wholeStateAt(
  db: Queryable,
  roomNid: number,
  place: StatePlace,
): AsyncGenerator<StateValueRow[], void, undefined> {
  let after = 0;
  for (;;) {
    const page = await db.query<StateValueRow>(wholePage, [roomNid, place.line, place.version, after, statePageRows]);
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < statePageRows) return;
    after = last.keyNid;
  }
}
