// POST /rooms/{roomId}/upgrade
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidupgrade
import { isUserId, type JsonValue, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import type { RoomActionParts } from '../../actions/room-action-parts.ts';
import { upgradeRoom as upgrade } from '../../actions/upgrade-room.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { requiredString } from '../body-members.ts';

/** POST /rooms/{roomId}/upgrade */
export function upgradeRoom(parts: RoomActionParts): Route {
  return {
    endpoint: endpoints.upgradeRoom,
    async handle(request) {
      const { roomId = '' } = request.path;
      const replacement = await upgrade(parts, requesterOf(request), {
        roomId,
        newVersion: requiredString(request.body, 'new_version'),
        additionalCreators: creators(request.body['additional_creators']),
        trace: request.trace,
      });
      return { json: { replacement_room: replacement } };
    },
  };
}

function creators(value: JsonValue | undefined): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new MatrixError('M_BAD_JSON', 'additional_creators must be a list of user ids.');
  return value.map((userId) => {
    if (typeof userId === 'string' && isUserId(userId)) return userId;
    throw new MatrixError('M_INVALID_PARAM', 'additional_creators must be a list of user ids.');
  });
}
