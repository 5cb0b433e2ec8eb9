// Reads of `room_members`: membership as it is now, for the questions asked by user and by membership. Only the door writes it.
// What was true at an older event is a question for room_state.
import { type Queryable, statement } from '../database.ts';
import { gathered, inOrder } from '../gather.ts';

/** One user's membership in one room. */
export interface MembershipRow {
  readonly roomNid: number;
  readonly userId: string;
  readonly membership: string;
  readonly eventNid: number;
  readonly sender: string;
  readonly local: boolean;
  readonly displayname: string | null;
  readonly avatarUrl: string | null;
  readonly forgotten: boolean;
  /** Of the last change. */
  readonly position: number;
}

/** A membership together with the id of its room. */
export interface RoomOfUserRow extends MembershipRow {
  readonly roomId: string;
}

const columns = `m.room_nid as "roomNid", m.user_id as "userId", m.membership, m.event_nid as "eventNid", m.sender, m.local,
  m.displayname, m.avatar_url as "avatarUrl", m.forgotten, m.position`;

const one = statement(
  'room_members.one',
  `select ${columns} from room_members m where m.room_nid = $1 and m.user_id = $2`,
);

/** The membership of a user in a room, or undefined when they never had one. */
export async function memberOf(db: Queryable, roomNid: number, userId: string): Promise<MembershipRow | undefined> {
  return (await db.query<MembershipRow>(one, [roomNid, userId]))[0];
}

const ofRoom = statement(
  'room_members.of_room',
  `select ${columns} from room_members m where m.room_nid = $1 and m.membership = any($2) order by m.position limit $3`,
);

/** Members of a room whose membership is one of those named, the longest there first. */
export async function membersOf(
  db: Queryable,
  roomNid: number,
  memberships: readonly string[],
  limit = 1_000_000,
): Promise<MembershipRow[]> {
  return db.query<MembershipRow>(ofRoom, [roomNid, memberships, limit]);
}

const joinedOfAppservice = statement(
  'room_members.joined_of_appservice',
  `select m.user_id as "userId" from room_members m join users u on u.user_id = m.user_id
    where m.room_nid = $1 and m.membership = 'join' and m.local and u.appservice_id = $2 order by m.position limit 1`,
);

/** A user whom that application service registered and who is joined, the longest there. */
export async function joinedUserOfAppservice(
  db: Queryable,
  roomNid: number,
  appserviceId: string,
): Promise<string | undefined> {
  return (await db.query<{ userId: string }>(joinedOfAppservice, [roomNid, appserviceId]))[0]?.userId;
}

const some = statement(
  'room_members.some',
  `select ${columns} from room_members m where m.room_nid = $1 and m.user_id = any($2)`,
);

/** Memberships of these users in a room; those without one are missing. */
export async function membershipsOf(
  db: Queryable,
  roomNid: number,
  userIds: readonly string[],
): Promise<MembershipRow[]> {
  return userIds.length === 0 ? [] : db.query<MembershipRow>(some, [roomNid, userIds]);
}

const ofUser = statement(
  'room_members.of_user',
  `select ${columns}, r.room_id as "roomId" from room_members m join rooms r using (room_nid)
    where m.user_id = $1 and m.membership = any($2) and not m.forgotten order by m.room_nid`,
);

/** Rooms in which a user has one of these memberships and which they have not forgotten. */
export async function roomsOfUser(
  db: Queryable,
  userId: string,
  memberships: readonly string[],
): Promise<RoomOfUserRow[]> {
  return db.query<RoomOfUserRow>(ofUser, [userId, memberships]);
}

/** Rooms that a user is joined to. */
export async function joinedRoomsOf(db: Queryable, userId: string): Promise<RoomOfUserRow[]> {
  return roomsOfUser(db, userId, ['join']);
}

const joinedOfUsers = statement(
  'room_members.joined_of_users',
  `select m.user_id as "userId", r.room_id as "roomId" from unnest($1::text[]) as w(user_id)
    join room_members m on m.user_id = w.user_id and m.membership = 'join' join rooms r using (room_nid) limit $2`,
);

/** Rooms that these users are joined to, at most so many. */
export async function joinedRoomsOfUsers(
  db: Queryable,
  userIds: readonly string[],
  limit: number,
): Promise<{ readonly userId: string; readonly roomId: string }[]> {
  return userIds.length === 0 ? [] : db.query(joinedOfUsers, [userIds, limit]);
}

const inRooms = statement(
  'room_members.in_rooms',
  `select w.nth::int as nth, r.room_nid as "roomNid", r.room_version as "roomVersion", m.membership, p.displayname,
      p.avatar_url as "avatarUrl"
    from unnest($1::text[], $2::text[]) with ordinality as w(room_id, user_id, nth)
    cross join lateral (select * from rooms t where t.room_id = w.room_id limit 1) r
    left join lateral (
      select * from room_members t where t.room_nid = r.room_nid and t.user_id = w.user_id limit 1) m on true
    left join lateral (select * from profiles t where t.user_id = w.user_id limit 1) p on true`,
  { fixedPlan: true },
);

interface MembershipInRoom {
  readonly roomNid: number;
  readonly roomVersion: string;
  readonly membership: string | null;
  /** Of the user's profile, which a membership repeats. */
  readonly displayname: string | null;
  readonly avatarUrl: string | null;
}

const findMembership = gathered(
  ({ roomId, userId }: { readonly roomId: string; readonly userId: string }) => `${roomId} ${userId}`,
  async (db, keys) =>
    inOrder(
      await db.query<MembershipInRoom & { nth: number }>(inRooms, [
        keys.map(({ roomId }) => roomId),
        keys.map(({ userId }) => userId),
      ]),
      keys.length,
    ),
);

/** A room, a user's membership in it (null: none) and their names, or undefined for a room that is not known. */
export async function membershipInRoom(
  db: Queryable,
  roomId: string,
  userId: string,
): Promise<MembershipInRoom | undefined> {
  return findMembership(db, { roomId, userId });
}

const joinedNids = statement(
  'room_members.joined_nids',
  `select room_nid as "roomNid" from room_members where user_id = $1 and membership = 'join'`,
);

/** Numbers of the rooms that a user is joined to. */
export async function joinedRoomNidsOf(db: Queryable, userId: string): Promise<number[]> {
  return (await db.query<{ roomNid: number }>(joinedNids, [userId])).map((row) => row.roomNid);
}
