// POST /join/{roomIdOrAlias} and POST /rooms/{roomId}/join.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3joinroomidoralias
import { type Endpoint, endpoints } from '@pons/spec/endpoints';
import { joinRoom } from '../../actions/join-room.ts';
import type { RoomActionParts } from '../../actions/room-action-parts.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { optionalString } from '../body-members.ts';

/** Both ways to join. */
export function join(parts: RoomActionParts): Route[] {
  return [route(parts, endpoints.joinRoom, 'roomIdOrAlias'), route(parts, endpoints.joinRoomById, 'roomId')];
}

function route(parts: RoomActionParts, endpoint: Endpoint, parameter: string): Route {
  return {
    endpoint,
    async handle(request) {
      // Further members become the event's own, as clients of other servers expect; the lane checks what they may be.
      const { reason: _, third_party_signed: __, join_authorised_via_users_server: ___, ...content } = request.body;
      const roomId = await joinRoom(parts, requesterOf(request), {
        roomIdOrAlias: request.path[parameter] ?? '',
        reason: optionalString(request.body, 'reason'),
        content,
        trace: request.trace,
      });
      return { json: { room_id: roomId } };
    },
  };
}
