// Takes a user out of everything: joined rooms, invitations, knocks. For the end of an account. A room that refuses is left as it is:
// nobody can act as that user any more.
// https://spec.matrix.org/v1.19/client-server-api/#account-deactivation

import { MatrixError } from '@pons/spec';
import { openRoomIds } from '../rooms/membership.ts';
import type { RoomActionParts } from './room-action-parts.ts';

/** Rooms that are written to at once. */
const roomsAtOnce = 50;

/** Leaves every room in which the user is joined, invited or knocking. */
export async function leaveAllRooms(parts: Pick<RoomActionParts, 'db' | 'lanes'>, userId: string): Promise<void> {
  const roomIds = await openRoomIds(parts.db, userId);
  const draft = { type: 'm.room.member', stateKey: userId, sender: userId, content: { membership: 'leave' } };
  for (let at = 0; at < roomIds.length; at += roomsAtOnce) {
    const group = roomIds.slice(at, at + roomsAtOnce).map(async (roomId) => {
      try {
        await parts.lanes.propose({ roomId, drafts: [draft] });
      } catch (error) {
        // Kicked in between, or too busy.
        if (!(error instanceof MatrixError)) throw error;
      }
    });
    await Promise.all(group);
  }
}
