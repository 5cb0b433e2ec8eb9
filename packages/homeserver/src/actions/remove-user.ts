// Kicking, banning and unbanning: a membership that somebody else sets. The rules know who may; what they cannot see is that a kick of
// somebody who is not there would change nothing.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidkick
import { MatrixError } from '@pons/spec';
import type { Requester } from '../platform/requester.ts';
import { membershipIn } from '../rooms/membership.ts';
import { checkUserId } from './check-event.ts';
import type { RoomActionParts } from './room-action-parts.ts';

/** Whom to remove from where. */
export interface RemoveRequest {
  readonly roomId: string;
  readonly userId: string;
  readonly reason?: string | undefined;
  readonly trace?: string | undefined;
}

type RemoveParts = Pick<RoomActionParts, 'db' | 'lanes'>;

/**
 * Kicks a user.
 *
 * @throws MatrixError M_FORBIDDEN without the power for it, or when they are not there
 */
export async function kickUser(parts: RemoveParts, requester: Requester, request: RemoveRequest): Promise<void> {
  const membership = await membershipOf(parts, request);
  if (membership !== 'join' && membership !== 'invite' && membership !== 'knock') {
    throw new MatrixError('M_FORBIDDEN', `${request.userId} is not in the room.`);
  }
  await setMembership(parts, requester, request, 'leave');
}

/**
 * Bans a user, who need not be there.
 *
 * @throws MatrixError M_FORBIDDEN without the power for it
 */
export async function banUser(parts: RemoveParts, requester: Requester, request: RemoveRequest): Promise<void> {
  await setMembership(parts, requester, request, 'ban');
}

/**
 * Lifts a ban.
 *
 * @throws MatrixError M_FORBIDDEN without the power for it, M_BAD_STATE when they are not banned
 */
export async function unbanUser(parts: RemoveParts, requester: Requester, request: RemoveRequest): Promise<void> {
  if ((await membershipOf(parts, request)) !== 'ban') {
    throw new MatrixError('M_BAD_STATE', `${request.userId} is not banned.`);
  }
  await setMembership(parts, requester, request, 'leave');
}

async function membershipOf({ db }: RemoveParts, { roomId, userId }: RemoveRequest): Promise<string> {
  const room = await membershipIn(db, roomId, checkUserId(userId));
  if (room === undefined) throw new MatrixError('M_FORBIDDEN', 'You are not in that room.');
  return room.membership;
}

async function setMembership(
  parts: RemoveParts,
  { userId: sender }: Requester,
  { roomId, userId, reason, trace }: RemoveRequest,
  membership: 'leave' | 'ban',
): Promise<void> {
  await parts.lanes.propose({
    roomId,
    drafts: [
      {
        type: 'm.room.member',
        stateKey: checkUserId(userId),
        sender,
        content: { membership, ...(reason === undefined ? {} : { reason }) },
      },
    ],
    ...(trace === undefined ? {} : { trace }),
  });
}
