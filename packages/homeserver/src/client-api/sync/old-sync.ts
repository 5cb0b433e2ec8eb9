// GET /events, /initialSync and /rooms/{roomId}/initialSync: what clients used before /sync, deprecated since r0 and still in the
// specification, which names /events for the users of application services. Each is a /sync in another shape: nothing here reads by itself.
// Messages to devices are not taken by them.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3events

import { isJsonObject, type JsonObject, type JsonValue, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { parseFilter } from '../../accounts/filters.ts';
import { requesterOf } from '../../http/requester.ts';
import type { ApiRequest, Route } from '../../http/route.ts';
import type { SinceToken } from '../../sync/since-token.ts';
import type { Sync } from '../../sync/sync-response.ts';
import { sinceOf, timeoutOf } from './sync.ts';

/** What they need of the house. */
export interface OldSyncParts {
  readonly sync: Sync;
}

/** Events of a room in one answer of /events, and in one of /initialSync unless it asks for another number. */
const eventsMax = 100;
const eventsDefault = 10;

/** All three. */
export function oldSyncRoutes(parts: OldSyncParts): Route[] {
  return [getEvents(parts), initialSync(parts), roomInitialSync(parts)];
}

/** GET /events, of all rooms or, with `room_id`, of one. */
function getEvents({ sync }: OldSyncParts): Route {
  return {
    endpoint: endpoints.getEvents,
    async handle(request) {
      const roomId = request.query.get('room_id');
      const filter = parseFilter({
        room: { ...(roomId === null ? {} : { rooms: [roomId] }), timeline: { limit: eventsMax } },
      });
      const from = request.query.get('from');
      const since = sinceOf(from) ?? (await tokenOfNow(sync, request));
      const timeoutMs = timeoutOf(request.query.get('timeout'));
      const body = await sync.respond({ ...asked(request), since, filter, timeoutMs });
      const end = body['next_batch'] ?? '';
      return { json: { start: from ?? end, chunk: newEvents(body, requesterOf(request).userId), end } };
    },
  };
}

/** GET /initialSync */
function initialSync({ sync }: OldSyncParts): Route {
  return {
    endpoint: endpoints.initialSync,
    async handle(request) {
      const limit = limitOf(request);
      const includeLeave = request.query.get('archived') === 'true';
      const filter = parseFilter({ room: { timeline: { limit }, include_leave: includeLeave } });
      const body = await sync.respond({ ...asked(request), filter, timeoutMs: 0 });
      return {
        json: {
          end: body['next_batch'] ?? '',
          rooms: roomsOf(body, requesterOf(request).userId),
          presence: eventsOf(body, 'presence'),
          account_data: eventsOf(body, 'account_data'),
        },
      };
    },
  };
}

/** GET /rooms/{roomId}/initialSync */
function roomInitialSync({ sync }: OldSyncParts): Route {
  return {
    endpoint: endpoints.roomInitialSync,
    async handle(request) {
      const { roomId = '' } = request.path;
      const rooms = roomId.startsWith('!') ? [roomId] : [];
      const filter = parseFilter({ room: { rooms, timeline: { limit: limitOf(request) }, include_leave: true } });
      const body = await sync.respond({ ...asked(request), filter, timeoutMs: 0 });
      const [room] = roomsOf(body, requesterOf(request).userId);
      if (room === undefined) throw new MatrixError('M_FORBIDDEN', 'You are not in that room.');
      return { json: room };
    },
  };
}

function asked(request: ApiRequest) {
  const { userId } = requesterOf(request);
  return { userId, fullState: false, useStateAfter: true, signal: request.signal };
}

/** Where the stream is now, without what has happened. */
async function tokenOfNow(sync: Sync, request: ApiRequest): Promise<SinceToken | undefined> {
  const filter = parseFilter({ room: { rooms: [] }, presence: { types: [] }, account_data: { types: [] } });
  const { next_batch: now } = await sync.respond({ ...asked(request), filter, timeoutMs: 0 });
  return sinceOf(typeof now === 'string' ? now : null);
}

function limitOf(request: ApiRequest): number {
  const limit = Number(request.query.get('limit') ?? eventsDefault);
  return Math.min(Math.max(limit, 1), eventsMax);
}

/** What is new, of all kinds, each with its room. */
function newEvents(body: JsonObject, userId: string): JsonValue[] {
  const inRoom = (roomId: string, events: readonly JsonValue[]) =>
    events.map((event) => (isJsonObject(event) ? { ...event, room_id: roomId } : event));
  const there = [...sections(body, 'join'), ...sections(body, 'leave')];
  return [
    ...there.flatMap(([roomId, room]) => inRoom(roomId, eventsOf(room, 'timeline'))),
    ...sections(body, 'invite').flatMap(([roomId, room]) => inRoom(roomId, invitation(room, userId))),
    ...there.flatMap(([roomId, room]) => inRoom(roomId, eventsOf(room, 'ephemeral'))),
    ...eventsOf(body, 'presence'),
  ];
}

function roomsOf(body: JsonObject, userId: string): JsonObject[] {
  const seen = (membership: 'join' | 'leave') =>
    sections(body, membership).map(([roomId, room]): JsonObject => {
      const timeline = room['timeline'];
      return {
        room_id: roomId,
        membership,
        messages: {
          start: (isJsonObject(timeline) ? timeline['prev_batch'] : undefined) ?? '',
          end: body['next_batch'] ?? '',
          chunk: eventsOf(room, 'timeline'),
        },
        state: eventsOf(room, 'state_after'),
        account_data: eventsOf(room, 'account_data'),
      };
    });
  const invited = sections(body, 'invite').map(([roomId, room]): JsonObject => {
    const [invite] = invitation(room, userId);
    return { room_id: roomId, membership: 'invite', ...(invite === undefined ? {} : { invite }) };
  });
  return [...seen('join'), ...invited, ...seen('leave')];
}

function invitation(room: JsonObject, userId: string): JsonValue[] {
  return eventsOf(room, 'invite_state').filter(
    (event) => isJsonObject(event) && event['type'] === 'm.room.member' && event['state_key'] === userId,
  );
}

function sections(body: JsonObject, membership: 'join' | 'invite' | 'leave'): [roomId: string, room: JsonObject][] {
  const { rooms } = body;
  const section = isJsonObject(rooms) ? rooms[membership] : undefined;
  const entries = Object.entries(isJsonObject(section) ? section : {});
  return entries.filter((entry): entry is [string, JsonObject] => isJsonObject(entry[1]));
}

function eventsOf(holder: JsonObject, name: string): JsonValue[] {
  const section = holder[name];
  const events = isJsonObject(section) ? section['events'] : undefined;
  return Array.isArray(events) ? [...events] : [];
}
