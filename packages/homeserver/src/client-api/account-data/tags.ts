// Tags of a room: GET all, PUT one, DELETE one. They are the room's account data `m.tag`.
// https://spec.matrix.org/v1.19/client-server-api/#room-tagging

import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { type AccountDataParts, getTags, roomNidOf, setTag } from '../../accounts/account-data.ts';
import type { Route } from '../../http/route.ts';
import { ownUser } from './account-data.ts';

const tagBytesMax = 255;

/** GET /user/{userId}/rooms/{roomId}/tags */
export function getRoomTags(parts: AccountDataParts): Route {
  return {
    endpoint: endpoints.getRoomTags,
    async handle(request) {
      const userId = ownUser(request);
      return {
        json: { tags: await getTags(parts.db, userId, await roomNidOf(parts.db, request.path['roomId'] ?? '')) },
      };
    },
  };
}

/** PUT /user/{userId}/rooms/{roomId}/tags/{tag} */
export function setRoomTag(parts: AccountDataParts): Route {
  return {
    endpoint: endpoints.setRoomTag,
    async handle(request) {
      const userId = ownUser(request);
      const { order } = request.body;
      if (order !== undefined && typeof order !== 'number') {
        throw new MatrixError('M_BAD_JSON', 'order must be a number');
      }
      const tag = request.path['tag'] ?? '';
      if (Buffer.byteLength(tag) > tagBytesMax) {
        throw new MatrixError('M_INVALID_PARAM', `a tag has at most ${tagBytesMax} bytes`);
      }
      await setTag(
        parts,
        { userId, roomNid: await roomNidOf(parts.db, request.path['roomId'] ?? '') },
        tag,
        request.body,
      );
      return { json: {} };
    },
  };
}

/** DELETE /user/{userId}/rooms/{roomId}/tags/{tag} */
export function deleteRoomTag(parts: AccountDataParts): Route {
  return {
    endpoint: endpoints.deleteRoomTag,
    async handle(request) {
      const userId = ownUser(request);
      await setTag(
        parts,
        { userId, roomNid: await roomNidOf(parts.db, request.path['roomId'] ?? '') },
        request.path['tag'] ?? '',
        undefined,
      );
      return { json: {} };
    },
  };
}
