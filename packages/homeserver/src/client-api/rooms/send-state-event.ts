// PUT /rooms/{roomId}/state/{eventType}/{stateKey}; the state key may be left out.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey
import { endpoints } from '@pons/spec/endpoints';
import type { RoomActionParts } from '../../actions/room-action-parts.ts';
import { sendState } from '../../actions/send-state.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { massagedTimestamp } from './timestamp-massaging.ts';

/** PUT /rooms/{roomId}/state/{eventType}/{stateKey} */
export function sendStateEvent(parts: RoomActionParts): Route {
  return {
    endpoint: endpoints.setRoomStateWithKey,
    async handle(request) {
      const { roomId = '', eventType = '', stateKey = '' } = request.path;
      const eventId = await sendState(parts, requesterOf(request), {
        roomId,
        type: eventType,
        stateKey,
        content: request.body,
        originServerTs: massagedTimestamp(request),
        trace: request.trace,
      });
      return { json: { event_id: eventId } };
    },
  };
}
