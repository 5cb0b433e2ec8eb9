// A changed name or avatar is repeated in the user's membership of every room they are in. Each room is a proposal of its own: they
// meet at the door, so a user of a hundred rooms costs a few commits; a room that refuses keeps the old name.
// https://spec.matrix.org/v1.19/client-server-api/#events-on-change-of-profile-information
import { type JsonObject, MatrixError } from '@pons/spec';
import { namesOf } from '../accounts/profiles.ts';
import { joinedRoomIds } from '../rooms/membership.ts';
import type { RoomActionParts } from './room-action-parts.ts';

/** Rooms that are written to at once. */
const roomsAtOnce = 50;

/** Renews the membership of a user in every joined room from their profile. */
export async function updateMemberships(
  parts: Pick<RoomActionParts, 'db' | 'lanes'>,
  userId: string,
  profile: JsonObject,
  trace?: string,
): Promise<void> {
  const roomIds = await joinedRoomIds(parts.db, userId);
  const content = { membership: 'join', ...namesOf(profile) };
  for (let at = 0; at < roomIds.length; at += roomsAtOnce) {
    const group = roomIds.slice(at, at + roomsAtOnce).map(async (roomId) => {
      try {
        await parts.lanes.propose({
          roomId,
          drafts: [{ type: 'm.room.member', stateKey: userId, sender: userId, content }],
          ...(trace === undefined ? {} : { trace }),
        });
      } catch (error) {
        // Kicked in between, or too busy: the room keeps the old name, as with any other server.
        if (!(error instanceof MatrixError)) throw error;
      }
    });
    await Promise.all(group);
  }
}
