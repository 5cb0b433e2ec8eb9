// GET /rooms/{roomId}/threads
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidthreads
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { historyToken } from '../../rooms/history-token.ts';
import { presentEvents, type RoomReadParts } from '../../rooms/present-events.ts';
import { viewRoom } from '../../rooms/room-view.ts';
import { threadsPage } from '../../rooms/threads.ts';
import { limitOf, placeParameter } from './read-query.ts';

const limitDefault = 20;
const limitMax = 100;

/** GET /rooms/{roomId}/threads */
export function getThreads(parts: RoomReadParts): Route {
  return {
    endpoint: endpoints.getThreadRoots,
    async handle(request) {
      const viewer = requesterOf(request);
      const { roomId = '' } = request.path;
      const from = placeParameter(request, 'from', parts);
      const view = await viewRoom(parts.db, roomId, viewer);
      const page = await threadsPage(parts.db, view, {
        limit: Math.max(1, Math.min(limitOf(request, limitDefault), limitMax)),
        ...(request.query.get('include') === 'participated' ? { participant: viewer.userId } : {}),
        ...(from === undefined ? {} : { from }),
      });
      const chunk = await presentEvents(parts, { roomId, rules: view.rules, viewer }, page.events);
      return { json: { chunk, ...(page.end === undefined ? {} : { next_batch: historyToken(page.end) }) } };
    },
  };
}
