// Knocking on a room by id or alias: asking to be invited.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3knockroomidoralias
import { MatrixError } from '@pons/spec';
import { getProfile, namesOf } from '../accounts/profiles.ts';
import type { Requester } from '../platform/requester.ts';
import { membershipIn } from '../rooms/membership.ts';
import { roomIdOf } from './resolve-alias.ts';
import type { RoomActionParts } from './room-action-parts.ts';
import type { JoinRequest } from './join-room.ts';

/**
 * Knocks on a room.
 *
 * @returns its id
 * @throws MatrixError M_NOT_FOUND, M_FORBIDDEN where knocking is not allowed, M_INVALID_PARAM
 */
export async function knockRoom(parts: RoomActionParts, requester: Requester, request: JoinRequest): Promise<string> {
  const { userId } = requester;
  const { reason, trace } = request;
  const roomId = await roomIdOf(parts, request.roomIdOrAlias, requester);
  if ((await membershipIn(parts.db, roomId, userId)) === undefined) {
    throw new MatrixError('M_NOT_FOUND', 'This server does not know that room.');
  }
  const content = {
    membership: 'knock',
    ...namesOf(await getProfile(parts.db, userId)),
    ...(reason === undefined ? {} : { reason }),
  };
  await parts.lanes.propose({
    roomId,
    drafts: [{ type: 'm.room.member', stateKey: userId, sender: userId, content }],
    ...(trace === undefined ? {} : { trace }),
  });
  return roomId;
}
