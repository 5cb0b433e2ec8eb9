// GET /mutual_rooms: rooms that the requester and somebody else are both joined to. All of them in one answer: they are ids only.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mutual_rooms
import { isUserId, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { joinedRoomIds } from '../../rooms/membership.ts';
import type { RoomReadParts } from '../../rooms/present-events.ts';

/** GET /mutual_rooms */
export function mutualRooms(parts: Pick<RoomReadParts, 'db'>): Route {
  return {
    endpoint: endpoints.getMutualRooms,
    async handle(request) {
      const { userId } = requesterOf(request);
      const other = request.query.get('user_id') ?? '';
      if (request.query.has('from'))
        throw new MatrixError('M_INVALID_PARAM', 'from is no token of this server: all rooms come in the first answer');
      if (other === userId || !isUserId(other))
        throw new MatrixError('M_INVALID_PARAM', 'user_id must be the id of another user');
      const theirs = new Set(await joinedRoomIds(parts.db, other));
      const joined = (await joinedRoomIds(parts.db, userId)).filter((room) => theirs.has(room));
      return { json: { joined, count: joined.length } };
    },
  };
}
