// What the delivery to application services asks about devices: who shares a room with their users, and who does no longer. Counted by
// `appservice_interest`, so that members are looked up by user and by room, never all of them.

import { type Queryable, statement } from '../database.ts';

const sharing = statement(
  'appservice_devices.rooms_sharing',
  `select m.user_id as "userId", m.room_nid as "roomNid" from room_members m
    where m.user_id = any($1::text[]) and m.membership = 'join'
      and (m.room_nid = any($2::bigint[])
        or exists (select from appservice_interest i where i.room_nid = m.room_nid and i.members > 0))`,
);

/** Rooms that these users have joined and in which some application service has users, or which are among `alsoRooms`. */
export async function roomsWithAppservices(
  db: Queryable,
  userIds: readonly string[],
  alsoRooms: readonly number[],
): Promise<{ readonly userId: string; readonly roomNid: number }[]> {
  return userIds.length === 0 ? [] : db.query(sharing, [userIds, alsoRooms]);
}

const joined = statement(
  'appservice_devices.joined',
  `select m.user_id as "userId" from unnest($1::bigint[]) as w (room_nid)
    cross join lateral (select * from room_members t where t.room_nid = w.room_nid and t.membership = 'join' offset 0) m limit $2`,
);

/** Who has joined any of these rooms, at most so many. */
export async function joinedUsersOf(db: Queryable, roomNids: readonly number[], limit: number): Promise<string[]> {
  return (await db.query<{ userId: string }>(joined, [roomNids, limit])).map(({ userId }) => userId);
}

// Encrypted rooms first (`offset 0` keeps it so): of the others no member is read. Their state is looked up room by room, as a value: planned
// while tables were empty, a join went through all rooms' state.
const withKeys = statement(
  'appservice_devices.with_keys',
  `select distinct m.user_id as "userId" from (
      select w.room_nid from unnest($1::bigint[]) as w (room_nid) where (
        select s.event_nid from room_state s where s.room_nid = w.room_nid and s.line = 0 and s.to_version is null
          and s.key_nid = (select k.key_nid from state_keys k where k.type = 'm.room.encryption' and k.state_key = '')
        limit 1) is not null
      offset 0) r
    cross join lateral (select * from room_members t where t.room_nid = r.room_nid and t.membership = 'join' offset 0) m
    where exists (select from device_keys d where d.user_id = m.user_id) limit $2`,
);

/** Who has joined those of the rooms that are encrypted, and has uploaded keys of a device: at most so many. */
export async function usersWithKeysIn(db: Queryable, roomNids: readonly number[], limit: number): Promise<string[]> {
  if (roomNids.length === 0) return [];
  return (await db.query<{ userId: string }>(withKeys, [roomNids, limit])).map(({ userId }) => userId);
}
