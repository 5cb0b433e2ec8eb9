// Only members tell a room that they type or read, or anything else that passes.

import { MatrixError } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { memberOf } from '../storage/tables/room-members.ts';
import { type RoomRow, roomById } from '../storage/tables/rooms.ts';

/** A room that the user has joined. @throws MatrixError M_FORBIDDEN */
export async function joinedRoom(
  db: Queryable,
  roomId: string,
  userId: string,
): Promise<Pick<RoomRow, 'roomNid' | 'roomVersion'>> {
  const room = await roomById(db, roomId);
  const member = room === undefined ? undefined : await memberOf(db, room.roomNid, userId);
  if (room === undefined || member?.membership !== 'join') {
    throw new MatrixError('M_FORBIDDEN', 'you have not joined that room');
  }
  return room;
}

/** The number of a room that the user has joined. @throws MatrixError M_FORBIDDEN */
export async function joinedRoomNid(db: Queryable, roomId: string, userId: string): Promise<number> {
  return (await joinedRoom(db, roomId, userId)).roomNid;
}
