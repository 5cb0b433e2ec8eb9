// GET /rooms/{roomId}/context/{eventId}: an event, what stands around it, and the state there.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidcontexteventid
import type { JsonObject } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { stateEventsAt } from '../../rooms/current-state.ts';
import { historyToken } from '../../rooms/history-token.ts';
import { stateAfter } from '../../rooms/members.ts';
import { presentEvents, presentState, type RoomReadParts } from '../../rooms/present-events.ts';
import { viewRoom } from '../../rooms/room-view.ts';
import { eventContext } from '../../rooms/timeline.ts';
import { eventMatcher } from './event-matches.ts';
import { filterOf, limitOf } from './read-query.ts';

const limitDefault = 10;

/** GET /rooms/{roomId}/context/{eventId} */
export function getContext(parts: RoomReadParts): Route {
  return {
    endpoint: endpoints.getEventContext,
    async handle(request) {
      const viewer = requesterOf(request);
      const { roomId = '', eventId = '' } = request.path;
      const filter = filterOf(request);
      const limit = limitOf(request, limitDefault);
      const view = await viewRoom(parts.db, roomId, viewer);
      const matches = eventMatcher(filter, roomId);
      const around = matches === undefined ? { limit } : { limit, matches };
      const found = await eventContext(parts.db, view, eventId, around);
      const audience = { roomId, rules: view.rules, viewer };
      const present = (events: typeof found.before) => presentEvents(parts, audience, events);
      const shown = [...found.before, found.event, ...found.after];
      const senders = new Set(shown.map(({ row }) => row.sender));
      const last = found.after.at(-1) ?? found.event;
      const state: JsonObject[] = [];
      for await (const rows of stateEventsAt(parts.db, view.room.roomNid, stateAfter(last.row))) {
        const wanted =
          filter?.lazyLoadMembers === true
            ? rows.filter((row) => row.type !== 'm.room.member' || senders.has(stateKeyOf(row.json)))
            : rows;
        state.push(...(await presentState(parts, audience, wanted)));
      }
      const [event] = await present([found.event]);
      return {
        json: {
          start: historyToken(found.start),
          end: historyToken(found.end),
          event: event ?? {},
          events_before: await present(found.before),
          events_after: await present(found.after),
          state,
        },
      };
    },
  };
}

function stateKeyOf(json: string): string {
  return (JSON.parse(json) as { state_key?: string }).state_key ?? '';
}
