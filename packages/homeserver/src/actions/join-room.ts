// Joining a room by id or alias. The rules decide in the lane; only when they refuse is it asked whether the room is a restricted one
// that lets the user in, so that an ordinary join pays nothing for it.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3joinroomidoralias
import { type JsonObject, MatrixError, roomVersionRules } from '@pons/spec';
import { membershipContent } from '../accounts/ghosts.ts';
import type { Requester } from '../platform/requester.ts';
import { currentContent } from '../rooms/current-state.ts';
import { membershipIn } from '../rooms/membership.ts';
import { findJoinAuthoriser } from '../rooms/restricted-join.ts';
import { roomIdOf } from './resolve-alias.ts';
import type { RoomActionParts } from './room-action-parts.ts';

/** A room to be joined. */
export interface JoinRequest {
  readonly roomIdOrAlias: string;
  readonly reason?: string | undefined;
  /** Further members of the event's content. */
  readonly content?: JsonObject;
  readonly trace?: string | undefined;
}

/**
 * Joins a room; does nothing when the user is in it.
 *
 * @returns its id
 * @throws MatrixError M_NOT_FOUND, M_FORBIDDEN, M_GUEST_ACCESS_FORBIDDEN, M_INVALID_PARAM
 */
export async function joinRoom(parts: RoomActionParts, requester: Requester, request: JoinRequest): Promise<string> {
  const { userId } = requester;
  const roomId = await roomIdOf(parts, request.roomIdOrAlias, requester);
  const room = await membershipIn(parts.db, roomId, userId);
  if (room === undefined) throw new MatrixError('M_NOT_FOUND', 'This server does not know that room.');
  if (room.membership === 'join') return roomId;
  if (requester.guest) await checkGuestAccess(parts, room.roomNid);
  const { reason, trace } = request;
  const content: JsonObject = {
    ...request.content,
    ...membershipContent(room),
    ...(reason === undefined ? {} : { reason }),
  };
  const join = (own: JsonObject) =>
    parts.lanes.propose({
      roomId,
      drafts: [{ type: 'm.room.member', stateKey: userId, sender: userId, content: own }],
      ...(trace === undefined ? {} : { trace }),
    });
  try {
    await join(content);
  } catch (error) {
    const rules = roomVersionRules(room.roomVersion);
    if (!(error instanceof MatrixError) || error.errcode !== 'M_FORBIDDEN' || rules === undefined) throw error;
    const authoriser = await findJoinAuthoriser(
      parts.db,
      { roomNid: room.roomNid, rules, serverName: parts.serverName },
      userId,
    );
    if (authoriser === undefined) throw error;
    await join({ ...content, join_authorised_via_users_server: authoriser });
  }
  return roomId;
}

async function checkGuestAccess({ db }: RoomActionParts, roomNid: number): Promise<void> {
  const content = await currentContent(db, roomNid, 'm.room.guest_access');
  if (content?.['guest_access'] !== 'can_join') {
    throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'That room does not let guests in.');
  }
}
