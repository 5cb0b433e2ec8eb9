// PUT /rooms/{roomId}/typing/{userId}.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidtypinguserid

import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { joinedRoomNid } from '../../ephemeral/joined-room.ts';
import type { Typing } from '../../ephemeral/typing.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** What typing notices need of the house. */
export interface TypingRouteParts {
  readonly db: Parameters<typeof joinedRoomNid>[0];
  readonly typing: Typing;
}

const timeoutMsDefault = 30_000;

/** PUT /rooms/{roomId}/typing/{userId} */
export function setTyping(parts: TypingRouteParts): Route {
  return {
    endpoint: endpoints.setTyping,
    async handle(request) {
      const { userId } = requesterOf(request);
      if (request.path['userId'] !== userId)
        throw new MatrixError('M_FORBIDDEN', 'others say themselves that they type');
      const roomNid = await joinedRoomNid(parts.db, request.path['roomId'] ?? '', userId);
      const { typing, timeout } = request.body;
      if (typeof typing !== 'boolean') throw new MatrixError('M_BAD_JSON', 'typing must be true or false');
      const timeoutMs = typeof timeout === 'number' ? timeout : timeoutMsDefault;
      parts.typing.set({ roomNid, userId, timeoutMs: typing ? timeoutMs : 0 });
      return { json: {} };
    },
  };
}
