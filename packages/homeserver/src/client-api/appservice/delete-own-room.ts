// POST /_matrix/client/unstable/com.beeper.yeet/rooms/{roomId}/delete: what mautrix bridges call where /versions announces
// com.beeper.room_yeeting to them.
import { beeperEndpoints } from '@pons/spec/endpoints';
import { deleteOwnRoom, type DeleteOwnRoomParts } from '../../actions/delete-own-room.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** POST …/com.beeper.yeet/rooms/{roomId}/delete */
export function deleteOwnRoomRoute(parts: DeleteOwnRoomParts): Route {
  return {
    endpoint: beeperEndpoints.deleteOwnRoom,
    async handle(request) {
      await deleteOwnRoom(parts, requesterOf(request), request.path['roomId'] ?? '');
      return { json: {} };
    },
  };
}
