// Who is in a room, by the table of memberships as they are now.
import type { Queryable } from '../storage/database.ts';
import { joinedRoomsOf, joinedRoomsOfUsers, membershipInRoom, roomsOfUser } from '../storage/tables/room-members.ts';

/** A room as one user stands to it, and their names. */
export interface MembershipIn {
  readonly roomNid: number;
  readonly roomVersion: string;
  /** `leave` for none. */
  readonly membership: string;
  readonly displayname: string | null;
  readonly avatarUrl: string | null;
}

/** How a user stands to a room; undefined for a room that is not known. */
export async function membershipIn(db: Queryable, roomId: string, userId: string): Promise<MembershipIn | undefined> {
  const row = await membershipInRoom(db, roomId, userId);
  return row === undefined ? undefined : { ...row, membership: row.membership ?? 'leave' };
}

/** Ids of the rooms that a user is joined to. */
export async function joinedRoomIds(db: Queryable, userId: string): Promise<string[]> {
  return (await joinedRoomsOf(db, userId)).map((room) => room.roomId);
}

/** Rooms that each of these users is joined to, at most so many. */
export async function joinedRoomIdsOf(
  db: Queryable,
  userIds: readonly string[],
  limit: number,
): Promise<{ readonly userId: string; readonly roomId: string }[]> {
  return joinedRoomsOfUsers(db, userIds, limit);
}

/** Ids of the rooms that a user could leave: joined, invited or knocking. */
export async function openRoomIds(db: Queryable, userId: string): Promise<string[]> {
  return (await roomsOfUser(db, userId, ['join', 'invite', 'knock'])).map((room) => room.roomId);
}
