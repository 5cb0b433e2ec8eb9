// Who made a room. Asked before somebody deletes one that may be theirs (actions/delete-own-room.ts).
import type { Queryable } from '../storage/database.ts';
import { roomById } from '../storage/tables/rooms.ts';
import { currentValue } from './current-state.ts';

/** The user who made a room; undefined for a room that is not here. */
export async function creatorOf(db: Queryable, roomId: string): Promise<string | undefined> {
  const room = await roomById(db, roomId);
  if (room === undefined) return undefined;
  return (await currentValue(db, room.roomNid, { type: 'm.room.create', stateKey: '' }))?.sender;
}
