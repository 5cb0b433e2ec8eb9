// Whose devices a user must hear of: those that changed and belong to somebody who shares a room, and people who came to share a room or
// ceased to. Everything starts from the rooms of the user and from what changed in them, never from the members of all of them.

import { type Queryable, statement } from '../database.ts';

/** A part of the stream: after one position up to another. */
export interface Between {
  readonly after: number;
  readonly upTo: number;
}

// With its limit it is looked up for each user by index, from the rooms of one of the two, whatever the planner believes of the tables:
// as a condition it could be turned into a join with the members of all rooms. (A membership compared as it stands could lead through
// room_members_present, which knows the members of a room but not which is whose.)
const shared = (viewer: string, other: string) => `(select true as yes from room_members a
    join room_members b on b.room_nid = a.room_nid and b.user_id = ${other} and b.membership || '' = 'join'
    where a.user_id = ${viewer} and a.membership = 'join' limit 1)`;

const changed = statement(
  'device_lists.changed',
  `select distinct c.user_id as "userId" from (
      select distinct user_id, only_for from device_list_changes
        where position > $2 and position <= $3 and (only_for is null or only_for = $1)) c
    left join lateral ${shared('$1', 'c.user_id')} s on c.user_id <> $1 and c.only_for is null
    where c.user_id = $1 or c.only_for = $1 or s.yes`,
);

/** Users whose devices or keys changed, of those who share a room with the viewer, and the viewer. */
export async function changedDeviceListsFor(db: Queryable, viewer: string, between: Between): Promise<string[]> {
  const rows = await db.query<{ userId: string }>(changed, [viewer, between.after, between.upTo]);
  return rows.map((row) => row.userId);
}

const sharing = statement(
  'device_lists.sharing',
  `select u.user_id as "userId" from unnest($2::text[]) as u (user_id) cross join lateral ${shared('$1', 'u.user_id')} s`,
);

/** Which of these users share a room with the viewer, both being joined. */
export async function sharingRooms(db: Queryable, viewer: string, userIds: readonly string[]): Promise<string[]> {
  if (userIds.length === 0) return [];
  return (await db.query<{ userId: string }>(sharing, [viewer, userIds])).map((row) => row.userId);
}

/** A change of a room's membership or encryption. */
export interface RoomChange {
  readonly roomNid: number;
  /** null: the room was encrypted. */
  readonly userId: string | null;
  /** The member event before the change, null: there was none. */
  readonly beforeJson: string | null;
  readonly isJoined: boolean;
}

// The state of a room at a position is the one before its first event after it, as in stream.state_delta. Rooms without an event since drop
// out at that look-up; `offset 0` keeps it in front of the next.
const roomChanges = statement(
  'device_lists.room_changes',
  `select w.room_nid as "roomNid", case k.type when 'm.room.member' then k.state_key end as "userId", v.json as "beforeJson",
      coalesce(m.membership = 'join', false) as "isJoined"
    from unnest($1::bigint[]) as w (room_nid)
    cross join lateral (
      select coalesce(ev.current_version, ev.state_version) as version from events ev
      where ev.room_nid = w.room_nid and (ev.line = 0 or ev.current_version is not null) and ev.position is not null
        and ev.order_major > $2
      order by ev.order_major, ev.order_minor limit 1) as f
    cross join lateral (
      select x.key_nid, x.event_nid from room_state x
      where x.room_nid = w.room_nid and x.line = 0 and x.from_version > 0 and x.from_version > f.version offset 0) as s
    cross join lateral (select i.type, i.state_key from state_keys i where i.key_nid = s.key_nid limit 1) as k
    left join lateral (
      select j.json from room_state o join event_json j on j.room_nid = o.room_nid and j.event_nid = o.event_nid
      where o.room_nid = w.room_nid and o.line = 0 and o.key_nid = s.key_nid and o.from_version <= f.version
      order by o.from_version desc limit 1) as v on k.type = 'm.room.member'
    left join lateral (
      select n.membership from room_members n
      where n.room_nid = w.room_nid and n.user_id = k.state_key limit 1) as m on k.type = 'm.room.member'
    where k.type = 'm.room.member' or (k.type = 'm.room.encryption' and k.state_key = '')`,
);

/** What changed after a position in who is in these rooms and whether they are encrypted; a member may come more than once, alike. */
export async function changesInRooms(db: Queryable, roomNids: readonly number[], after: number): Promise<RoomChange[]> {
  return roomNids.length === 0 ? [] : db.query<RoomChange>(roomChanges, [roomNids, after]);
}

const members = statement(
  'device_lists.members',
  `select distinct m.user_id as "userId" from rooms r join room_members m on m.room_nid = r.room_nid and m.membership = 'join'
    where r.room_nid = any($1::bigint[]) and (r.joined <= $2 or exists (
      select from room_state s where s.room_nid = r.room_nid and s.line = 0 and s.to_version is null and s.event_nid is not null
        and s.key_nid = (select k.key_nid from state_keys k where k.type = 'm.room.encryption' and k.state_key = '')))`,
);

/** Members of those of the rooms that are encrypted or have at most so many members. */
export async function membersWithDevices(
  db: Queryable,
  roomNids: readonly number[],
  unencryptedMax: number,
): Promise<string[]> {
  if (roomNids.length === 0) return [];
  const rows = await db.query<{ userId: string }>(members, [roomNids, unencryptedMax]);
  return rows.map((row) => row.userId);
}
