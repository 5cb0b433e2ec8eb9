// GET /rooms/{roomId}/state and GET /rooms/{roomId}/state/{eventType}/{stateKey}. Who has left sees the state as it was then.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstate
import { type ClientEvent, type JsonObject, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { stateEventAt, stateEventsAt } from '../../rooms/current-state.ts';
import { presentState, type RoomReadParts } from '../../rooms/present-events.ts';
import { viewRoom } from '../../rooms/room-view.ts';

/** GET /rooms/{roomId}/state */
export function getState(parts: RoomReadParts): Route {
  return {
    endpoint: endpoints.getRoomState,
    async handle(request) {
      const viewer = requesterOf(request);
      const { roomId = '' } = request.path;
      const view = await viewRoom(parts.db, roomId, viewer);
      const audience = { roomId, rules: view.rules, viewer };
      const state: ClientEvent[] = [];
      for await (const rows of stateEventsAt(parts.db, view.room.roomNid, view.statePlace)) {
        state.push(...(await presentState(parts, audience, rows)));
      }
      return { json: state };
    },
  };
}

/** GET /rooms/{roomId}/state/{eventType}/{stateKey} */
export function getStateEvent(parts: RoomReadParts): Route {
  return {
    endpoint: endpoints.getRoomStateWithKey,
    async handle(request) {
      const viewer = requesterOf(request);
      const { roomId = '', eventType: type = '', stateKey = '' } = request.path;
      const view = await viewRoom(parts.db, roomId, viewer);
      const row = await stateEventAt(parts.db, view.room.roomNid, view.statePlace, { type, stateKey });
      if (row === undefined) throw new MatrixError('M_NOT_FOUND', 'The room has no such state.');
      const [event] = await presentState(parts, { roomId, rules: view.rules, viewer }, [row]);
      const json: JsonObject = request.query.get('format') === 'event' ? { ...event } : (event?.content ?? {});
      return { json };
    },
  };
}
