// Table `appservice_interest`: for each room and application service, how many of those who have joined are in its users namespace. Kept by
// cursors' steps (appservice-cursors.ts); counted anew here when an application service is new or its namespaces changed.

import { type Queryable, statement } from '../database.ts';

export interface RoomInterestRow {
  readonly roomNid: number;
  readonly roomId: string;
  readonly aliases: readonly string[];
  readonly appserviceIds: readonly string[];
  readonly members: readonly number[];
}

const ofRooms = statement(
  'appservice_interest.of_rooms',
  `select r.room_nid as "roomNid", r.room_id as "roomId",
      coalesce((select array_agg(a.alias::text) from room_aliases a where a.room_nid = r.room_nid), '{}') as aliases,
      coalesce(i.ids, '{}') as "appserviceIds", coalesce(i.members, '{}') as members
    from rooms r
    left join lateral (select array_agg(appservice_id::text order by appservice_id) as ids,
        array_agg(members order by appservice_id) as members
      from appservice_interest where room_nid = r.room_nid and members > 0) i on true
    where r.room_nid = any($1)`,
);

/** These rooms, their aliases and who has members in them. */
export async function interestOfRooms(db: Queryable, roomNids: readonly number[]): Promise<RoomInterestRow[]> {
  return roomNids.length === 0 ? [] : db.query<RoomInterestRow>(ofRooms, [roomNids]);
}

const localMembers = statement(
  'appservice_interest.local_members',
  `select room_nid as "roomNid", user_id as "userId", position > $4 as "isLater" from room_members
    where local and (membership = 'join' or position > $4) and (room_nid, user_id) > ($1, $2)
    order by room_nid, user_id limit $3`,
);
// The state of a room at a position is the one before its first event after it, as in stream.state_delta.
const membersBefore = statement(
  'appservice_interest.members_before',
  `select w.room_nid as "roomNid", w.user_id as "userId", j.json
    from unnest($1::bigint[], $2::text[]) as w (room_nid, user_id)
    cross join lateral (
      select coalesce((
        select coalesce(n.current_version, n.state_version) from events n
        where n.room_nid = w.room_nid and (n.line = 0 or n.current_version is not null) and n.position is not null
          and n.order_major > $3
        order by n.order_major, n.order_minor limit 1),
        (select r.state_version from rooms r where r.room_nid = w.room_nid)) as version) before
    cross join lateral (
      select s.event_nid from room_state s
      where s.room_nid = w.room_nid and s.line = 0 and s.from_version > 0 and s.from_version <= before.version
        and s.key_nid = (select k.key_nid from state_keys k where k.type = 'm.room.member' and k.state_key = w.user_id)
      order by s.from_version desc limit 1) s
    join event_json j on j.room_nid = w.room_nid and j.event_nid = s.event_nid`,
);
const clear = statement('appservice_interest.clear', 'delete from appservice_interest where appservice_id = $1');
const put = statement(
  'appservice_interest.put',
  `insert into appservice_interest (room_nid, appservice_id, members)
    select room_nid, $1, members from unnest($2::bigint[], $3::int[]) as c (room_nid, members)`,
);
const oneSnapshot = statement('appservice_interest.one_snapshot', 'set transaction isolation level repeatable read');

/** All that follows in this transaction sees the database as it is at its first read. Must be the first statement. */
export async function inOneSnapshot(tx: Queryable): Promise<void> {
  await tx.query(oneSnapshot);
}

/** A local user and a room. */
export interface LocalMemberRow {
  readonly roomNid: number;
  readonly userId: string;
}

/**
 * Local users who have joined, of all rooms, and those whose membership changed after a position (`isLater`), whatever it is now: a page
 * after the last one seen.
 */
export async function localMembersAfter(
  tx: Queryable,
  after: LocalMemberRow,
  { upTo, limit }: { readonly upTo: number; readonly limit: number },
): Promise<(LocalMemberRow & { readonly isLater: boolean })[]> {
  return tx.query(localMembers, [after.roomNid, after.userId, limit, upTo]);
}

/** The member events of these as they were at a position; without those who had none. */
export async function memberEventsAt(
  tx: Queryable,
  members: readonly LocalMemberRow[],
  position: number,
): Promise<(LocalMemberRow & { readonly json: string })[]> {
  if (members.length === 0) return [];
  return tx.query(membersBefore, [
    members.map(({ roomNid }) => roomNid),
    members.map(({ userId }) => userId),
    position,
  ]);
}

/** Replaces all counts of an application service. */
export async function replaceInterest(
  tx: Queryable,
  appserviceId: string,
  members: ReadonlyMap<number, number>,
): Promise<void> {
  await tx.query(clear, [appserviceId]);
  await tx.query(put, [appserviceId, [...members.keys()], [...members.values()]]);
}
