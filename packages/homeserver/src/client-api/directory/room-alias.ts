// GET, PUT and DELETE /directory/room/{roomAlias}, and GET /rooms/{roomId}/aliases.
// https://spec.matrix.org/v1.19/client-server-api/#room-aliases
import { endpoints } from '@pons/spec/endpoints';
import { resolveAlias } from '../../actions/resolve-alias.ts';
import type { RoomActionParts } from '../../actions/room-action-parts.ts';
import { removeAlias, setAlias } from '../../actions/set-alias.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { localAliases } from '../../rooms/aliases.ts';
import { viewRoom } from '../../rooms/room-view.ts';
import { requiredString } from '../body-members.ts';

/** GET /directory/room/{roomAlias} */
export function getRoomAlias(parts: RoomActionParts): Route {
  return {
    endpoint: endpoints.getRoomIdByAlias,
    async handle(request) {
      const { roomId, servers } = await resolveAlias(parts, request.path['roomAlias'] ?? '', request.requester);
      return { json: { room_id: roomId, servers: [...servers] } };
    },
  };
}

/** PUT /directory/room/{roomAlias} */
export function putRoomAlias(parts: RoomActionParts): Route {
  return {
    endpoint: endpoints.setRoomAlias,
    async handle(request) {
      const roomId = requiredString(request.body, 'room_id');
      await setAlias(parts, requesterOf(request), request.path['roomAlias'] ?? '', roomId);
      return { json: {} };
    },
  };
}

/** DELETE /directory/room/{roomAlias} */
export function deleteRoomAlias(parts: RoomActionParts): Route {
  return {
    endpoint: endpoints.deleteRoomAlias,
    async handle(request) {
      await removeAlias(parts, requesterOf(request), request.path['roomAlias'] ?? '');
      return { json: {} };
    },
  };
}

/** GET /rooms/{roomId}/aliases */
export function getLocalAliases(parts: Pick<RoomActionParts, 'db'>): Route {
  return {
    endpoint: endpoints.getLocalAliases,
    async handle(request) {
      const view = await viewRoom(parts.db, request.path['roomId'] ?? '', requesterOf(request));
      return { json: { aliases: await localAliases(parts.db, view.room.roomNid) } };
    },
  };
}
