// POST /rooms/{roomId}/forget
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidforget
import { endpoints } from '@pons/spec/endpoints';
import { forgetRoom } from '../../actions/leave-room.ts';
import type { RoomActionParts } from '../../actions/room-action-parts.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** POST /rooms/{roomId}/forget */
export function forget(parts: Pick<RoomActionParts, 'db' | 'lanes'>): Route {
  return {
    endpoint: endpoints.forgetRoom,
    async handle(request) {
      await forgetRoom(parts, requesterOf(request), request.path['roomId'] ?? '');
      return { json: {} };
    },
  };
}
