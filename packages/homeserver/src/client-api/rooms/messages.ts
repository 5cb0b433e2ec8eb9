// GET /rooms/{roomId}/messages: the history, page by page, both ways.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages
import type { JsonObject } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { historyToken } from '../../rooms/history-token.ts';
import { sendersOf } from '../../rooms/members.ts';
import { presentEvents, presentState, type RoomReadParts } from '../../rooms/present-events.ts';
import { viewRoom } from '../../rooms/room-view.ts';
import { historyPage } from '../../rooms/timeline.ts';
import { eventMatcher } from './event-matches.ts';
import { filterOf, limitOf, placeParameter } from './read-query.ts';

const limitDefault = 10;

/** GET /rooms/{roomId}/messages */
export function getMessages(parts: RoomReadParts): Route {
  return {
    endpoint: endpoints.getRoomEvents,
    async handle(request) {
      const viewer = requesterOf(request);
      const { roomId = '' } = request.path;
      const filter = filterOf(request);
      const from = placeParameter(request, 'from', parts);
      const to = placeParameter(request, 'to', parts);
      const view = await viewRoom(parts.db, roomId, viewer);
      const matches = eventMatcher(filter, roomId);
      const page = await historyPage(parts.db, view, {
        direction: request.query.get('dir') === 'f' ? 'f' : 'b',
        limit: Math.max(1, limitOf(request, filter?.limit ?? limitDefault)),
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(matches === undefined ? {} : { matches }),
      });
      const audience = { roomId, rules: view.rules, viewer };
      const json: JsonObject = {
        start: historyToken(page.start),
        chunk: await presentEvents(parts, audience, page.events),
      };
      if (page.end !== undefined) json['end'] = historyToken(page.end);
      if (filter?.lazyLoadMembers === true && page.events.length > 0) {
        const rows = page.events.map(({ row }) => row);
        json['state'] = await presentState(parts, audience, await sendersOf(parts.db, view.room.roomNid, rows));
      }
      return { json };
    },
  };
}
