// GET /joined_rooms
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3joined_rooms
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { joinedRoomIds } from '../../rooms/membership.ts';
import type { RoomReadParts } from '../../rooms/present-events.ts';

/** GET /joined_rooms */
export function joinedRooms(parts: Pick<RoomReadParts, 'db'>): Route {
  return {
    endpoint: endpoints.getJoinedRooms,
    async handle(request) {
      return { json: { joined_rooms: await joinedRoomIds(parts.db, requesterOf(request).userId) } };
    },
  };
}
