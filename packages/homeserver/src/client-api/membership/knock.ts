// POST /knock/{roomIdOrAlias}
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3knockroomidoralias
import { endpoints } from '@pons/spec/endpoints';
import { knockRoom } from '../../actions/knock-room.ts';
import type { RoomActionParts } from '../../actions/room-action-parts.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { optionalString } from '../body-members.ts';

/** POST /knock/{roomIdOrAlias} */
export function knock(parts: RoomActionParts): Route {
  return {
    endpoint: endpoints.knockRoom,
    async handle(request) {
      const roomId = await knockRoom(parts, requesterOf(request), {
        roomIdOrAlias: request.path['roomIdOrAlias'] ?? '',
        reason: optionalString(request.body, 'reason'),
        trace: request.trace,
      });
      return { json: { room_id: roomId } };
    },
  };
}
