// Inviting a user. A user of this server whom nobody knows yet may be one that an application service makes when asked.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidinvite
import { type JsonObject, MatrixError, serverNameOf } from '@pons/spec';
import { getAccountData } from '../accounts/account-data.ts';
import { getProfile, namesOf } from '../accounts/profiles.ts';
import { findAccount } from '../accounts/users.ts';
import type { Requester } from '../platform/requester.ts';
import { checkUserId } from './check-event.ts';
import type { RoomActionParts } from './room-action-parts.ts';

/** What an invitation needs of the house. */
export type InviteParts = Pick<RoomActionParts, 'db' | 'queryUser' | 'serverName' | 'lanes'>;

/** An invitation to be made. */
export interface InviteRequest {
  readonly roomId: string;
  readonly userId: string;
  readonly reason?: string | undefined;
  readonly trace?: string | undefined;
}

/**
 * Invites a user.
 *
 * @throws MatrixError M_FORBIDDEN, M_INVALID_PARAM, M_INVITE_BLOCKED
 */
export async function inviteUser(parts: InviteParts, requester: Requester, request: InviteRequest): Promise<void> {
  const { roomId, reason, trace } = request;
  const userId = checkUserId(request.userId);
  await ensureInvitable(parts, userId, requester);
  const content = await inviteContent(parts, userId);
  await parts.lanes.propose({
    roomId,
    drafts: [
      {
        type: 'm.room.member',
        stateKey: userId,
        sender: requester.userId,
        content: reason === undefined ? content : { ...content, reason },
      },
    ],
    ...(trace === undefined ? {} : { trace }),
  });
}

/** Content of an invitation: the invited user's own name and avatar, when they are of this server. */
export async function inviteContent({ db }: Pick<InviteParts, 'db'>, userId: string): Promise<JsonObject> {
  return { membership: 'invite', ...namesOf(await getProfile(db, userId)) };
}

/**
 * Makes sure that a user can be invited: exists, if an application service can make them, and has not blocked invitations.
 *
 * @throws MatrixError M_INVITE_BLOCKED
 */
export async function ensureInvitable(
  parts: Pick<RoomActionParts, 'db' | 'queryUser' | 'serverName'>,
  userId: string,
  requester: Requester,
): Promise<void> {
  if (serverNameOf(userId) !== parts.serverName) return;
  const account = await findAccount(parts.db, userId);
  if (account === undefined) {
    await parts.queryUser(userId, requester.appserviceId);
    return;
  }
  // https://spec.matrix.org/v1.19/client-server-api/#invite-permission
  const permission = await getAccountData(parts.db, { userId, roomNid: 0, type: 'm.invite_permission_config' });
  if (permission?.['default_action'] === 'block' && requester.userId !== userId) {
    throw new MatrixError('M_INVITE_BLOCKED', `${userId} takes no invitations.`);
  }
}
