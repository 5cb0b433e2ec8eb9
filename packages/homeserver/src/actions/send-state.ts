// Setting state. A client may set what the rules allow, except the event that made the room; memberships of others that do not exist
// yet are first asked of their application service.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey
import { canonicalJson, type JsonObject, MatrixError } from '@pons/spec';
import type { Requester } from '../platform/requester.ts';
import { accountSuspended } from '../platform/restricted-account.ts';
import { currentContent, currentValue } from '../rooms/current-state.ts';
import { membershipIn } from '../rooms/membership.ts';
import { viewJoinedRoom } from '../rooms/room-view.ts';
import { checkCanonicalAlias, checkEventKeys, checkStateContent } from './check-event.ts';
import { ensureInvitable } from './invite-user.ts';
import type { RoomActionParts } from './room-action-parts.ts';
import { eventIdOf } from './send-event.ts';

/** A piece of state to be set. */
export interface SendStateRequest {
  readonly roomId: string;
  readonly type: string;
  readonly stateKey: string;
  readonly content: JsonObject;
  /** Milliseconds; only application services give one. */
  readonly originServerTs?: number | undefined;
  readonly trace?: string | undefined;
}

/**
 * Sets state.
 *
 * @returns the id of the event
 * @throws MatrixError M_FORBIDDEN, M_BAD_JSON, M_BAD_ALIAS, M_INVALID_PARAM, M_TOO_LARGE, M_USER_SUSPENDED for all but leaving
 */
export async function sendState(
  parts: RoomActionParts,
  requester: Requester,
  request: SendStateRequest,
): Promise<string> {
  const { roomId, type, stateKey, content, originServerTs, trace } = request;
  checkEventKeys(type, stateKey);
  checkStateContent(type, content);
  if (requester.suspended === true && !leaves(requester, request)) throw accountSuspended();
  if (type === 'm.room.create') throw new MatrixError('M_FORBIDDEN', 'The event that made the room stays as it is.');
  if (type === 'm.room.canonical_alias' && stateKey === '') {
    const { room } = await viewJoinedRoom(parts.db, roomId, requester.userId);
    const before = await currentContent(parts.db, room.roomNid, type);
    await checkCanonicalAlias(parts.db, { roomId, before, serverName: parts.serverName }, content);
  }
  if (type === 'm.room.member' && content['membership'] === 'invite') await ensureInvitable(parts, stateKey, requester);
  const same = await sameValue(parts, requester, request);
  if (same !== undefined) return same;
  const result = await parts.lanes.propose({
    roomId,
    drafts: [
      {
        type,
        stateKey,
        sender: requester.userId,
        content,
        ...(originServerTs === undefined ? {} : { originServerTs }),
      },
    ],
    ...(trace === undefined ? {} : { trace }),
  });
  return eventIdOf(result);
}

// Leaving, and refusing an invitation.
function leaves({ userId }: Requester, { type, stateKey, content }: SendStateRequest): boolean {
  return type === 'm.room.member' && stateKey === userId && content['membership'] === 'leave';
}

/** The event that says this already: setting it again makes no second one. Only who may see it and set it so is told. */
async function sameValue(
  { db }: RoomActionParts,
  { userId }: Requester,
  { roomId, type, stateKey, content }: SendStateRequest,
): Promise<string | undefined> {
  const room = await membershipIn(db, roomId, userId);
  if (room?.membership !== 'join') return undefined;
  const value = await currentValue(db, room.roomNid, { type, stateKey });
  if (value === undefined || value.sender !== userId) return undefined;
  return canonicalJson(value.content) === canonicalJson(content) ? value.eventId : undefined;
}
