// Rooms for operators: which there are, deleting one, deleting the history of one.

import { type JsonObject, MatrixError } from '@pons/spec';
import { ponsEndpoints } from '@pons/spec/endpoints';
import { purgeHistory } from '../actions/purge-history.ts';
import { purgeRoom, type PurgeRoomParts } from '../actions/purge-room.ts';
import type { Route } from '../http/route.ts';
import type { HistoryEnd, RoomPurges } from '../stream/purge-rooms.ts';

/** What the routes need of the house. */
export interface RoomAdminParts extends PurgeRoomParts {
  readonly purges: RoomPurges;
}

const roomsPerPage = 100;
const roomsPerPageMax = 1_000;

/** GET /_pons/admin/v1/rooms, DELETE …/rooms/{roomId}, POST …/rooms/{roomId}/purge_history */
export function roomAdminRoutes(parts: RoomAdminParts): Route[] {
  return [
    {
      endpoint: ponsEndpoints.listRooms,
      async handle({ query }) {
        const from = query.get('from') ?? '';
        if (from.includes('\0')) throw new MatrixError('M_INVALID_PARAM', 'from must be what `next` was before');
        const limit = Number(query.get('limit') ?? roomsPerPage);
        if (!Number.isSafeInteger(limit) || limit < 1 || limit > roomsPerPageMax)
          throw new MatrixError('M_INVALID_PARAM', `limit must be 1 to ${roomsPerPageMax}`);
        const rooms = await parts.purges.list(from, limit);
        const last = rooms.length < limit ? undefined : rooms.at(-1)?.roomId;
        return {
          json: {
            rooms: rooms.map((room) => ({
              room_id: room.roomId,
              room_version: room.roomVersion,
              joined: room.joined,
              invited: room.invited,
              local_members: room.localMembers,
              published: room.published,
              last_event_ts: room.lastTs,
              ...(room.purging ? { purged_events: room.deleted } : {}),
            })),
            ...(last === undefined ? {} : { next: last }),
          },
        };
      },
    },
    {
      endpoint: ponsEndpoints.deleteRoom,
      async handle({ path, query }) {
        await purgeRoom(parts, path['roomId'] ?? '', { removeMembers: query.get('remove_members') === 'true' });
        return { json: {} };
      },
    },
    {
      endpoint: ponsEndpoints.purgeHistory,
      async handle({ path, body }) {
        await purgeHistory(parts.purges, path['roomId'] ?? '', endOf(body));
        return { json: {} };
      },
    },
  ];
}

function endOf({ before_event_id: eventId, before_ts: ts }: JsonObject): HistoryEnd {
  if (typeof eventId === 'string' && !eventId.includes('\0') && ts === undefined) return { beforeEventId: eventId };
  if (typeof ts === 'number' && eventId === undefined) return { beforeTs: ts };
  throw new MatrixError('M_INVALID_PARAM', 'give either before_event_id or before_ts (milliseconds since 1970)');
}
