// Deleting a whole room from this server. Nobody of this server may be in it: they are taken out first when that is asked for, as if each
// had left. A client that was not there to hear of it keeps showing the room.

import { MatrixError } from '@pons/spec';
import type { RoomLanes } from '../rooms/lanes.ts';
import type { RoomPurges } from '../stream/purge-rooms.ts';

/** What it needs of the house. */
export interface PurgeRoomParts {
  readonly purges: Pick<RoomPurges, 'room' | 'localMembers'>;
  readonly lanes: Pick<RoomLanes, 'propose'>;
}

/** Users who leave with one commit. */
const leavingAtOnce = 100;

/**
 * Deletes it; its rows go in the background.
 *
 * @throws MatrixError M_NOT_FOUND, M_BAD_STATE while users of this server are in it
 */
export async function purgeRoom(
  { purges, lanes }: PurgeRoomParts,
  roomId: string,
  { removeMembers }: { readonly removeMembers: boolean },
): Promise<void> {
  for (let members = removeMembers ? [''] : []; members.length > 0; ) {
    members = await purges.localMembers(roomId, leavingAtOnce);
    const drafts = members.map((userId) => ({
      type: 'm.room.member',
      stateKey: userId,
      sender: userId,
      content: { membership: 'leave' },
    }));
    if (drafts.length > 0) await lanes.propose({ roomId, drafts });
  }
  const outcome = await purges.room(roomId);
  if (outcome === 'no such room') throw new MatrixError('M_NOT_FOUND', 'This server does not know that room.');
  if (outcome === 'inhabited') {
    throw new MatrixError(
      'M_BAD_STATE',
      'Users of this server are in the room, invited or knocking: let them leave first, or pass remove_members=true.',
    );
  }
}
