// Deleting the history of a room up to an event or a time, for an operator who runs out of disk or may not keep it. State stays, and with it the
// room works as before; media are not touched. It is asked for here and done in the background.

import { MatrixError } from '@pons/spec';
import type { HistoryEnd, RoomPurges } from '../stream/purge-rooms.ts';

/**
 * Asks for it.
 *
 * @throws MatrixError M_NOT_FOUND for a room, or an event of it, that is not known
 */
export async function purgeHistory(
  purges: Pick<RoomPurges, 'history'>,
  roomId: string,
  end: HistoryEnd,
): Promise<void> {
  const outcome = await purges.history(roomId, end);
  if (outcome === 'no such room') throw new MatrixError('M_NOT_FOUND', 'This server does not know that room.');
  if (outcome === 'no such event') throw new MatrixError('M_NOT_FOUND', 'That room does not have that event.');
}
