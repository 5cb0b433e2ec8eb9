// POST /rooms/{roomId}/leave
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidleave
import { endpoints } from '@pons/spec/endpoints';
import { leaveRoom } from '../../actions/leave-room.ts';
import type { RoomActionParts } from '../../actions/room-action-parts.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { optionalString } from '../body-members.ts';

/** POST /rooms/{roomId}/leave */
export function leave(parts: Pick<RoomActionParts, 'db' | 'lanes'>): Route {
  return {
    endpoint: endpoints.leaveRoom,
    async handle(request) {
      await leaveRoom(parts, requesterOf(request), {
        roomId: request.path['roomId'] ?? '',
        reason: optionalString(request.body, 'reason'),
        trace: request.trace,
      });
      return { json: {} };
    },
  };
}
