// Table `appservice_interest`: for each room and application service, how many members are in its users namespace. Kept by cursors'
// steps (appservice-cursors.ts); counted anew here when an application service is new or its namespaces changed.

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
  `select room_nid as "roomNid", user_id as "userId" from room_members
    where local and membership in ('join', 'invite') and (room_nid, user_id) > ($1, $2)
    order by room_nid, user_id limit $3`,
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

/** Local members, joined or invited, of all rooms: a page after the last one seen. */
export async function localMembersAfter(
  tx: Queryable,
  after: { readonly roomNid: number; readonly userId: string },
  limit: number,
): Promise<{ readonly roomNid: number; readonly userId: string }[]> {
  return tx.query(localMembers, [after.roomNid, after.userId, limit]);
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
