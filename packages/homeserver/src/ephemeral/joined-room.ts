// Only members tell a room that they type or read.

import { MatrixError } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { memberOf } from '../storage/tables/room-members.ts';
import { roomById } from '../storage/tables/rooms.ts';

/** The number of a room that the user has joined. @throws MatrixError M_FORBIDDEN */
export async function joinedRoomNid(db: Queryable, roomId: string, userId: string): Promise<number> {
  const room = await roomById(db, roomId);
  const member = room === undefined ? undefined : await memberOf(db, room.roomNid, userId);
  if (room === undefined || member?.membership !== 'join') {
    throw new MatrixError('M_FORBIDDEN', 'you have not joined that room');
  }
  return room.roomNid;
}
