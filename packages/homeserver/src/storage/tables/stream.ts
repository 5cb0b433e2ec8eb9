// What /sync reads, for all rooms of a response at once: the number of statements does not grow with the number of rooms.
// The first statement fixes the position up to which everything else is read; events and intervals of state never change below it, so
// that later statements need no common snapshot.

import { type Queryable, statement } from '../database.ts';
import { erasedAt } from './erasures.ts';
import { type TimelineRow, timelineColumns, timelineJoins } from './events.ts';

/** A room of a user, as of `position`. */
export interface StreamRoomRow {
  /** Newest position of the stream: the same in every row. */
  readonly position: number;
  readonly roomNid: number;
  readonly roomId: string;
  readonly roomVersion: string;
  readonly stateVersion: number;
  readonly joined: number;
  readonly invited: number;
  readonly membership: string;
  /** Position of the last change of this membership. */
  readonly memberPosition: number;
  /** null: a merge of forks left nothing of the membership. */
  readonly memberEventNid: number | null;
  readonly memberSender: string;
  readonly forgotten: boolean;
}

const rooms = statement(
  'stream.rooms_of_user',
  `select p.value as position, m.room_nid as "roomNid", r.room_id as "roomId", r.room_version as "roomVersion",
           r.state_version as "stateVersion", r.joined, r.invited, m.membership, m.position as "memberPosition",
           m.event_nid as "memberEventNid", m.sender as "memberSender", m.forgotten
         from position p
         left join (
           select t.room_nid, t.membership, t.position, t.event_nid, t.sender, t.forgotten from room_members t
           where t.user_id = $1 and (t.membership = 'join' or t.position > $2 or ($3 and t.membership in ('invite', 'knock'))
             or ($4 and not t.forgotten))
           union all
           select g.room_nid, 'leave', g.position, null, '', false from member_removals g
           where g.user_id = $1 and g.position > $2 and not $3
             and not exists (select from room_members t where t.room_nid = g.room_nid and t.user_id = $1)) m on true
         left join rooms r on r.room_nid = m.room_nid`,
);

/**
 * The newest position, and the rooms of a user that can matter to a response: joined now, or changed after a position.
 *
 * @param initial       invitations and knocks of any age as well
 * @param includeLeave  left rooms of any age as well
 */
export async function streamRooms(
  db: Queryable,
  userId: string,
  want: { readonly after: number; readonly initial: boolean; readonly includeLeave: boolean },
): Promise<{ position: number; rooms: StreamRoomRow[] }> {
  const rows = await db.query<StreamRoomRow | { position: number; roomNid: null }>(rooms, [
    userId,
    want.after,
    want.initial,
    want.includeLeave,
  ]);
  return {
    position: rows[0]?.position ?? 0,
    rooms: rows.filter((row): row is StreamRoomRow => row.roomNid !== null),
  };
}

/** Which events of one room: after one place of its history up to another. */
export interface TimelineRange {
  readonly roomNid: number;
  readonly after: number;
  readonly upTo: number;
}

/** Which events pass; lists are patterns of LIKE (types) or whole ids (senders). */
export interface TimelineSelection {
  readonly types: readonly string[] | null;
  readonly notTypes: readonly string[] | null;
  readonly senders: readonly string[] | null;
  readonly notSenders: readonly string[] | null;
}

/** An event of a timeline, and whether others relate to it. */
export type StreamTimelineRow = TimelineRow & { readonly hasRelations: boolean };

const timelines = statement(
  'stream.timelines',
  `select ${timelineColumns},
           exists (select from event_relations r where r.room_nid = e.room_nid and r.relates_to = e.event_id) as "hasRelations"
         from unnest($1::bigint[], $2::bigint[], $3::bigint[]) as w (room_nid, after, up_to)
         cross join lateral (
           select * from events ev
           where ev.room_nid = w.room_nid and ev.position is not null
             and ev.order_major > w.after and ev.order_major <= w.up_to and ev.position <= $4
             and ($5::text[] is null or ev.type like any($5)) and ($6::text[] is null or not ev.type like any($6))
             and ($7::text[] is null or ev.sender = any($7)) and ($8::text[] is null or not ev.sender = any($8))
           order by ev.order_major desc, ev.order_minor desc limit $9) e
         ${timelineJoins}
         order by e.room_nid, e.order_major, e.order_minor`,
);

/** The newest events of each range, at most `limit` of each; ordered by room, then by history. */
export async function streamTimelines(
  db: Queryable,
  ranges: readonly TimelineRange[],
  how: { readonly position: number; readonly limit: number; readonly selection: TimelineSelection },
): Promise<StreamTimelineRow[]> {
  if (ranges.length === 0) return [];
  const { types, notTypes, senders, notSenders } = how.selection;
  return db.query<StreamTimelineRow>(timelines, [
    ranges.map((range) => range.roomNid),
    ranges.map((range) => range.after),
    ranges.map((range) => range.upTo),
    how.position,
    types,
    notTypes,
    senders,
    notSenders,
    how.limit,
  ]);
}

/** An event of a room's state as the client gets it: no more columns than that, since a large room has thousands of rows. */
export type StreamStateRow = Pick<
  TimelineRow,
  'roomNid' | 'eventId' | 'type' | 'sender' | 'originServerTs' | 'json' | 'redactionId' | 'redactionJson' | 'erasedAt'
> & { readonly keyNid: number };

// State events carry no `replaces_state`: only the timeline tells of changes.
const stateColumns = `e.room_nid as "roomNid", e.event_id as "eventId", e.type, e.sender, e.key_nid as "keyNid",
  e.origin_server_ts as "originServerTs", j.json,
  redaction.event_id as "redactionId", redaction.json as "redactionJson",
  case when e.type = 'm.room.member' then ${erasedAt} end as "erasedAt"`;
const redactionColumns = `r.room_nid, r.event_nid, r.event_id,
  (select t.json from event_json t where t.room_nid = r.room_nid and t.event_nid = r.event_nid) as json`;

// Each part is a look-up by primary key whatever the planner believes, in the way of events.ts: with plain joins on tables that were not
// analysed yet, or planned once while they were empty, the state of a room cost its square, and one key of it all its events.
const rowAt = (what: string, room: string, nid: string) => `select ${what} from events r
    where ${nid} is not null and (r.room_nid, r.event_nid) >= (${room}, ${nid}) order by r.room_nid, r.event_nid limit 1`;
const stateJoins = (room: string, nid: string) => `join lateral (${rowAt('r.*', room, nid)}) as e
    on e.room_nid = ${room} and e.event_nid = ${nid}
  cross join lateral (select t.json from event_json t where t.room_nid = ${room} and t.event_nid = ${nid} limit 1) as j
  left join lateral (${rowAt(redactionColumns, 'e.room_nid', 'e.redacted_by')}) as redaction
    on redaction.room_nid = e.room_nid and redaction.event_nid = e.redacted_by`;

const wholeState = statement(
  'stream.whole_state',
  `select ${stateColumns}
         from unnest($1::bigint[], $2::bigint[]) as w (room_nid, version)
         cross join lateral (
           select x.key_nid, x.event_nid from room_state x
           where x.room_nid = w.room_nid and x.line = 0 and x.from_version <= w.version
             and (x.to_version is null or x.to_version > w.version)
             and ($3 or exists (select from state_keys k where k.key_nid = x.key_nid and k.type <> 'm.room.member'))
           offset 0) as s
         ${stateJoins('w.room_nid', 's.event_nid')}
         order by e.room_nid, s.key_nid`,
);

/** The state of rooms, each at a version; without members when those are loaded lazily. */
export async function streamWholeState(
  db: Queryable,
  at: readonly { readonly roomNid: number; readonly version: number }[],
  withMembers: boolean,
): Promise<StreamStateRow[]> {
  if (at.length === 0) return [];
  return db.query<StreamStateRow>(wholeState, [
    at.map((room) => room.roomNid),
    at.map((room) => room.version),
    withMembers,
  ]);
}

const stateDelta = statement(
  'stream.state_delta',
  `select ${stateColumns}
         from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) as w (room_nid, since, from_version, version)
         cross join lateral (
           select coalesce(w.from_version, (
             select coalesce(ev.current_version, ev.state_version) from events ev
             where ev.room_nid = w.room_nid and (ev.line = 0 or ev.current_version is not null) and ev.position is not null
               and ev.order_major > w.since
             order by ev.order_major, ev.order_minor limit 1), w.version) as version) as f
         cross join lateral (
           select distinct on (x.key_nid) x.key_nid, x.event_nid from room_state x
           where x.room_nid = w.room_nid and x.line = 0 and x.from_version > 0
             and x.from_version > f.version and x.from_version <= w.version
           order by x.key_nid, x.from_version desc) as s
         ${stateJoins('w.room_nid', 's.event_nid')}
         order by e.room_nid, s.key_nid`,
);

/** A stretch of a room's state: after what it was at a position, or after a version of it, up to a version. */
export type StateStretch = { readonly roomNid: number; readonly version: number } & (
  | { readonly since: number; readonly fromVersion?: undefined }
  | { readonly fromVersion: number; readonly since?: undefined }
);

/** What changed of rooms' state, each key once with its last value. */
export async function streamStateDelta(db: Queryable, between: readonly StateStretch[]): Promise<StreamStateRow[]> {
  if (between.length === 0) return [];
  return db.query<StreamStateRow>(stateDelta, [
    between.map((room) => room.roomNid),
    between.map((room) => room.since ?? null),
    between.map((room) => room.fromVersion ?? null),
    between.map((room) => room.version),
  ]);
}

/** A key of a room's state at a place. */
export interface StateKeyAt {
  readonly roomNid: number;
  readonly line: number;
  readonly version: number;
  readonly type: string;
  readonly stateKey: string;
}

const stateKeys = statement(
  'stream.state_keys',
  `select w.place::int as place, ${stateColumns}
         from unnest($1::bigint[], $2::int[], $3::bigint[], $4::text[], $5::text[]) with ordinality
           as w (room_nid, line, version, type, state_key, place)
         join lateral (
           select k.key_nid from state_keys k where k.type = w.type and k.state_key = w.state_key limit 1) k on true
         cross join lateral (
           select x.event_nid from (
             (select 1 as preference, s.event_nid from room_state s
               where s.room_nid = w.room_nid and s.line = w.line and s.key_nid = k.key_nid and s.from_version <= w.version
               order by s.from_version desc limit 1)
             union all
             (select 2, s.event_nid from state_lines l
               join room_state s on s.room_nid = w.room_nid and s.line = 0 and s.key_nid = k.key_nid
                 and s.from_version <= l.base_version
               where l.room_nid = w.room_nid and l.line = w.line
               order by s.from_version desc limit 1)
           ) x order by x.preference limit 1) as v
         ${stateJoins('w.room_nid', 'v.event_nid')}`,
);

/** Values of single keys, by their index in `keys`; keys without a value are missing. */
export async function streamStateKeys(
  db: Queryable,
  keys: readonly StateKeyAt[],
): Promise<ReadonlyMap<number, StreamStateRow>> {
  if (keys.length === 0) return new Map();
  const rows = await db.query<StreamStateRow & { place: number }>(stateKeys, [
    keys.map((key) => key.roomNid),
    keys.map((key) => key.line),
    keys.map((key) => key.version),
    keys.map((key) => key.type),
    keys.map((key) => key.stateKey),
  ]);
  return new Map(rows.map((row) => [row.place - 1, row]));
}

const membershipsAt = statement(
  'stream.memberships_at',
  `select w.room_nid as "roomNid", w.position, j.json
         from unnest($1::bigint[], $3::bigint[]) as w (room_nid, position)
         join state_keys k on k.type = 'm.room.member' and k.state_key = $2
         cross join lateral (
           select s.event_nid from room_state s
           join lateral (${rowAt('r.room_nid, r.event_nid, r.position', 's.room_nid', 's.event_nid')}) as e
             on e.room_nid = s.room_nid and e.event_nid = s.event_nid
           where s.room_nid = w.room_nid and s.line = 0 and s.key_nid = k.key_nid and e.position <= w.position
           order by s.from_version desc limit 1) as v
         join event_json j on j.room_nid = w.room_nid and j.event_nid = v.event_nid`,
);

/** The user's member event in each room as it was at a position; rooms without one are missing. */
export async function streamMembershipsAt(
  db: Queryable,
  roomNids: readonly number[],
  userId: string,
  position: number,
): Promise<{ roomNid: number; json: string }[]> {
  return streamMembershipsAtEach(
    db,
    userId,
    roomNids.map((roomNid) => ({ roomNid, position })),
  );
}

/** The user's member event in rooms, each as it was at a position; those without one are missing. */
export async function streamMembershipsAtEach(
  db: Queryable,
  userId: string,
  at: readonly { readonly roomNid: number; readonly position: number }[],
): Promise<{ roomNid: number; position: number; json: string }[]> {
  if (at.length === 0) return [];
  return db.query<{ roomNid: number; position: number; json: string }>(membershipsAt, [
    at.map(({ roomNid }) => roomNid),
    userId,
    at.map(({ position }) => position),
  ]);
}

const leavings = statement(
  'stream.leavings',
  `select w.room_nid as "roomNid", coalesce(e.current_version, e.state_version) + 1 as "endVersion", v.json as "beforeJson"
         from unnest($1::bigint[], $2::bigint[]) as w (room_nid, event_nid)
         join events e on e.room_nid = w.room_nid and e.event_nid = w.event_nid
         left join lateral (
           select j.json from room_state s
           join event_json j on j.room_nid = s.room_nid and j.event_nid = s.event_nid
           where s.room_nid = w.room_nid and s.line = 0 and s.key_nid = e.key_nid
             and s.from_version <= coalesce(e.current_version, e.state_version)
           order by s.from_version desc limit 1) as v on true`,
);

/** How rooms were left: the version of the state after the leave event, and the member event before it. */
export async function streamLeavings(
  db: Queryable,
  left: readonly { readonly roomNid: number; readonly memberEventNid: number | null }[],
): Promise<{ roomNid: number; endVersion: number; beforeJson: string | null }[]> {
  if (left.length === 0) return [];
  return db.query<{ roomNid: number; endVersion: number; beforeJson: string | null }>(leavings, [
    left.map((room) => room.roomNid),
    left.map((room) => room.memberEventNid),
  ]);
}

const heroes = statement(
  'stream.heroes',
  `select w.room_nid as "roomNid", h.user_id as "userId"
         from unnest($1::bigint[]) as w (room_nid)
         cross join lateral (
           select m.user_id, m.position from room_members m
           where m.room_nid = w.room_nid and m.user_id <> $2 and m.membership in ('join', 'invite') and m.position > 0
           order by m.position limit $3) as h
         order by h.position`,
);

const formerHeroes = statement(
  'stream.former_heroes',
  `select w.room_nid as "roomNid", h.user_id as "userId"
         from unnest($1::bigint[]) as w (room_nid)
         cross join lateral (
           select m.user_id, m.position from room_members m
           where m.room_nid = w.room_nid and m.user_id <> $2 and m.membership in ('leave', 'ban')
           order by m.position limit $3) as h
         order by h.position`,
);

/** Of each room the first members by position other than the viewer; or, where nobody else is left, the first of those who were. */
export async function streamHeroes(
  db: Queryable,
  rooms: { readonly present: readonly number[]; readonly deserted: readonly number[] },
  viewer: string,
  limit: number,
): Promise<{ roomNid: number; userId: string }[]> {
  const some = (text: typeof heroes, roomNids: readonly number[]) =>
    roomNids.length === 0 ? [] : db.query<{ roomNid: number; userId: string }>(text, [roomNids, viewer, limit]);
  return [...(await some(heroes, rooms.present)), ...(await some(formerHeroes, rooms.deserted))];
}

// As an expression the room is looked up by index: a join would read all rooms while tables have not been analysed.
const accountData = statement(
  'stream.account_data',
  `select p.value as head, a.room_nid as "roomNid", a.type, a.json, a.position,
           coalesce((select r.room_id from rooms r where r.room_nid = a.room_nid), '') as "roomId"
         from (select value from position limit 1) p
         left join account_data a on a.user_id = $1
           and (a.position > $2 or a.room_nid = any($3::bigint[]) or (a.room_nid = 0 and a.type = 'm.ignored_user_list'))
         order by a.position`,
);

/** One entry of account data; roomNid 0 is global. */
export interface StreamAccountDataRow {
  readonly roomNid: number;
  readonly roomId: string;
  readonly type: string;
  readonly json: string;
  readonly position: number;
}

/**
 * Account data that changed, all of some rooms, and in any case whom the user ignores.
 *
 * @returns with the position up to which nothing is missing
 */
export async function streamAccountData(
  db: Queryable,
  userId: string,
  want: { readonly after: number; readonly wholeRooms: readonly number[] },
): Promise<{ readonly head: number; readonly rows: readonly StreamAccountDataRow[] }> {
  const found = await db.query<{ head: number } & (StreamAccountDataRow | { roomNid: null })>(accountData, [
    userId,
    want.after,
    want.wholeRooms,
  ]);
  const rows = found.filter((row): row is { head: number } & StreamAccountDataRow => row.roomNid !== null);
  return { head: found[0]?.head ?? 0, rows };
}
