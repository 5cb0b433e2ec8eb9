// GET /rooms/{roomId}/relations/{eventId}[/{relType}[/{eventType}]]: events that relate to one, page by page.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidrelationseventid
import type { JsonObject } from '@pons/spec';
import { type Endpoint, endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { historyToken } from '../../rooms/history-token.ts';
import { presentEvents, type RoomReadParts } from '../../rooms/present-events.ts';
import { relatedPage, recursionDepth } from '../../rooms/related-events.ts';
import { viewRoom } from '../../rooms/room-view.ts';
import { visibleEvent } from '../../rooms/timeline.ts';
import { limitOf, placeParameter } from './read-query.ts';

const limitDefault = 50;
const limitMax = 100;

/** The three endpoints of relations. */
export function getRelations(parts: RoomReadParts): Route[] {
  return [
    endpoints.getRelatingEvents,
    endpoints.getRelatingEventsWithRelType,
    endpoints.getRelatingEventsWithRelTypeAndEventType,
  ].map((endpoint) => relationsRoute(parts, endpoint));
}

function relationsRoute(parts: RoomReadParts, endpoint: Endpoint): Route {
  return {
    endpoint,
    async handle(request) {
      const viewer = requesterOf(request);
      const { roomId = '', eventId = '', relType, eventType } = request.path;
      const from = placeParameter(request, 'from', parts);
      const to = placeParameter(request, 'to', parts);
      const recurse = request.query.get('recurse') === 'true';
      const view = await viewRoom(parts.db, roomId, viewer);
      await visibleEvent(parts.db, view, eventId);
      const page = await relatedPage(parts.db, view, {
        eventId,
        recurse,
        direction: request.query.get('dir') === 'f' ? 'f' : 'b',
        limit: Math.max(1, Math.min(limitOf(request, limitDefault), limitMax)),
        ...(relType === undefined ? {} : { relType }),
        ...(eventType === undefined ? {} : { eventType }),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
      });
      const json: JsonObject = {
        chunk: await presentEvents(parts, { roomId, rules: view.rules, viewer }, page.events),
      };
      if (page.end !== undefined) json['next_batch'] = historyToken(page.end);
      if (from !== undefined) json['prev_batch'] = historyToken(from);
      if (recurse) json['recursion_depth'] = recursionDepth;
      return { json };
    },
  };
}
