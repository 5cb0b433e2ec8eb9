// How many of an application service's users were in a room at a place of the stream, for what is sent again: the count that the table has,
// less what changed since by the history of the room's state. Costs as much as changed, however many members the room has.

import { type Queryable, statement } from '../database.ts';

/** A room then, and where its count was taken. */
export interface CountedRoomRow {
  readonly roomNid: number;
  /** Of the table. */
  readonly members: number;
  /** Version of the room's state at the place that was asked for, and at the one of the count. */
  readonly thenVersion: number;
  readonly countedVersion: number;
}

// The state of a room at a position is the one before its first event after it.
const versionAt = (position: string) => `coalesce(
    (select coalesce(n.current_version, n.state_version) from events n
      where n.room_nid = w.room_nid and (n.line = 0 or n.current_version is not null) and n.position is not null
        and n.order_major > ${position}
      order by n.order_major, n.order_minor limit 1),
    (select r.state_version from rooms r where r.room_nid = w.room_nid), 0)`;

const counted = statement(
  'appservice_replay.counted',
  `select w.room_nid as "roomNid", coalesce(i.members, 0) as members, ${versionAt('$3')} as "thenVersion",
      ${versionAt('c.counted_at')} as "countedVersion"
    from appservice_cursors c
    cross join unnest($2::bigint[]) as w (room_nid)
    left join appservice_interest i on i.room_nid = w.room_nid and i.appservice_id = c.appservice_id
    where c.appservice_id = $1`,
);

/** These rooms at a position, with what is counted of them; in one look, as the count and its place move together. */
export async function countedRooms(
  db: Queryable,
  appserviceId: string,
  at: { readonly roomNids: readonly number[]; readonly position: number },
): Promise<CountedRoomRow[]> {
  return db.query<CountedRoomRow>(counted, [appserviceId, at.roomNids, at.position]);
}

/** A change of the room's state that concerns a member of this server. */
export interface MemberHistoryRow {
  readonly version: number;
  readonly keyNid: number;
  readonly userId: string;
  /** The member event before it and after it; null: none. */
  readonly wasNid: number | null;
  readonly isNid: number | null;
}

const history = statement(
  'appservice_replay.history',
  `select s.from_version as version, s.key_nid as "keyNid", k.state_key as "userId", was.event_nid as "wasNid",
      s.event_nid as "isNid"
    from room_state s
    cross join lateral (
      select k.state_key from state_keys k
      where k.key_nid = s.key_nid and k.type = 'm.room.member' and right(k.state_key, length($5)) = $5 limit 1) k
    left join lateral (
      select b.key_nid, b.event_nid from room_state b
      where b.room_nid = s.room_nid and b.line = 0 and (b.key_nid, b.from_version) < (s.key_nid, s.from_version)
      order by b.key_nid desc, b.from_version desc limit 1) was on was.key_nid = s.key_nid
    where s.room_nid = $1 and s.line = 0 and s.from_version > 0 and s.from_version >= $2 and s.from_version <= $4
      and (s.from_version, s.key_nid) > ($2, $3)
    order by s.from_version, s.key_nid limit $6`,
);

/** Changes of local members up to a version: a page after the last one seen. */
export async function memberHistory(
  db: Queryable,
  room: { readonly roomNid: number; readonly upTo: number; readonly serverName: string },
  page: { readonly after: { readonly version: number; readonly keyNid: number }; readonly limit: number },
): Promise<MemberHistoryRow[]> {
  const { after, limit } = page;
  const domain = `:${room.serverName}`;
  return db.query(history, [room.roomNid, after.version, after.keyNid, room.upTo, domain, limit]);
}
