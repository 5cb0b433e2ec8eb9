// GET /rooms/{roomId}/event/{eventId}. What does not exist, what the user may not see and what is in another room answer the same.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomideventeventid
import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { presentEvents, type RoomReadParts } from '../../rooms/present-events.ts';
import { viewRoom } from '../../rooms/room-view.ts';
import { visibleEvent } from '../../rooms/timeline.ts';

/** GET /rooms/{roomId}/event/{eventId} */
export function getEvent(parts: RoomReadParts): Route {
  return {
    endpoint: endpoints.getOneRoomEvent,
    async handle(request) {
      const viewer = requesterOf(request);
      const { roomId = '', eventId = '' } = request.path;
      try {
        const view = await viewRoom(parts.db, roomId, viewer);
        const event = await visibleEvent(parts.db, view, eventId);
        const [json] = await presentEvents(parts, { roomId, rules: view.rules, viewer }, [event]);
        return { json: json ?? {} };
      } catch (error) {
        if (!(error instanceof MatrixError) || error.errcode !== 'M_FORBIDDEN') throw error;
        throw new MatrixError('M_NOT_FOUND', 'There is no such event in this room, or you may not see it.');
      }
    },
  };
}
