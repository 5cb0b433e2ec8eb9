// Leaving a room, declining an invitation, taking back a knock: one membership, and the rules know which it was. Forgetting comes after.
// https://spec.matrix.org/v1.19/client-server-api/#leaving-rooms
import { MatrixError } from '@pons/spec';
import type { Requester } from '../platform/requester.ts';
import { membershipIn } from '../rooms/membership.ts';
import type { RoomActionParts } from './room-action-parts.ts';

/** A room to be left. */
export interface LeaveRequest {
  readonly roomId: string;
  readonly reason?: string | undefined;
  readonly trace?: string | undefined;
}

type LeaveParts = Pick<RoomActionParts, 'db' | 'lanes'>;

/**
 * Leaves a room; does nothing when the user has left it already.
 *
 * @throws MatrixError M_FORBIDDEN for somebody who was never there or is banned, M_NOT_FOUND
 */
export async function leaveRoom(parts: LeaveParts, { userId }: Requester, request: LeaveRequest): Promise<void> {
  const { roomId, reason, trace } = request;
  const room = await membershipIn(parts.db, roomId, userId);
  if (room === undefined) throw new MatrixError('M_NOT_FOUND', 'This server does not know that room.');
  await parts.lanes.propose({
    roomId,
    drafts: [
      {
        type: 'm.room.member',
        stateKey: userId,
        sender: userId,
        content: { membership: 'leave', ...(reason === undefined ? {} : { reason }) },
      },
    ],
    ...(trace === undefined ? {} : { trace }),
  });
}

/**
 * Forgets a room that the user has left.
 *
 * @throws MatrixError M_UNKNOWN (400) while they are in it, M_NOT_FOUND
 */
export async function forgetRoom(parts: LeaveParts, { userId }: Requester, roomId: string): Promise<void> {
  const room = await membershipIn(parts.db, roomId, userId);
  if (room === undefined) throw new MatrixError('M_NOT_FOUND', 'This server does not know that room.');
  if (room.membership !== 'leave' && room.membership !== 'ban') {
    throw new MatrixError('M_UNKNOWN', 'Leave the room before you forget it.', { status: 400 });
  }
  await parts.lanes.propose({ roomId, drafts: [], forgotten: [userId] });
}
