// GET /rooms/{roomId}/timestamp_to_event: the event closest to a time.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event
import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import type { RoomReadParts } from '../../rooms/present-events.ts';
import { viewRoom } from '../../rooms/room-view.ts';
import { nearestEvent } from '../../rooms/timeline.ts';

/** GET /rooms/{roomId}/timestamp_to_event */
export function timestampToEvent(parts: RoomReadParts): Route {
  return {
    endpoint: endpoints.getEventByTimestamp,
    async handle(request) {
      const { roomId = '' } = request.path;
      const view = await viewRoom(parts.db, roomId, requesterOf(request));
      const direction = request.query.get('dir') === 'f' ? 'f' : 'b';
      const found = await nearestEvent(parts.db, view, Number(request.query.get('ts')), direction);
      if (found === undefined) throw new MatrixError('M_NOT_FOUND', 'There is no event on that side of the time.');
      return { json: { event_id: found.eventId, origin_server_ts: found.originServerTs } };
    },
  };
}
