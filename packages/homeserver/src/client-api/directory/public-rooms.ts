// GET and POST /publicRooms, GET and PUT /directory/list/room/{roomId}.
// https://spec.matrix.org/v1.19/client-server-api/#published-room-directory
import { type JsonObject, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import type { RoomActionParts } from '../../actions/room-action-parts.ts';
import { setDirectoryVisibility } from '../../actions/set-alias.ts';
import { requesterOf } from '../../http/requester.ts';
import type { ApiRequest, Route } from '../../http/route.ts';
import { directoryFilter, directoryList, publicRooms } from '../../rooms/public-directory.ts';
import { findRoom } from '../../rooms/room-view.ts';
import { booleanOr, optionalString } from '../body-members.ts';

/** What the directory needs of the house. */
export interface DirectoryParts extends Pick<RoomActionParts, 'db' | 'serverName'> {
  /** Whether the list is shown to who has not logged in. */
  readonly withoutLogin: boolean;
  /** The directory that the instance_id of a network asks for. */
  readonly directoryOf: (instanceId: string) => string;
}

/** GET /publicRooms */
export function getPublicRooms(parts: DirectoryParts): Route {
  return {
    endpoint: { ...endpoints.getPublicRooms, auth: 'optional' },
    async handle(request) {
      if (!parts.withoutLogin) requesterOf(request);
      checkServer(request, parts);
      const limit = request.query.get('limit');
      const since = request.query.get('since');
      const json = await publicRooms(parts.db, {
        limit: limit === null ? undefined : Number(limit),
        since: since === null || since === '' ? undefined : since,
      });
      return { json };
    },
  };
}

/** POST /publicRooms */
export function queryPublicRooms(parts: DirectoryParts): Route {
  return {
    endpoint: endpoints.queryPublicRooms,
    async handle(request) {
      checkServer(request, parts);
      const { body } = request;
      const limit = body['limit'] ?? undefined;
      const instanceId = optionalString(body, 'third_party_instance_id') || undefined;
      const json = await publicRooms(parts.db, {
        limit: typeof limit === 'number' ? limit : undefined,
        since: optionalString(body, 'since'),
        list: directoryList(
          booleanOr(body, 'include_all_networks', false),
          instanceId === undefined ? undefined : parts.directoryOf(instanceId),
        ),
        ...directoryFilter(body['filter']),
      });
      return { json };
    },
  };
}

// Directories of other servers are asked for by federation.
function checkServer({ query }: ApiRequest, { serverName }: DirectoryParts): void {
  const server = query.get('server') ?? serverName;
  if (server !== serverName) throw new MatrixError('M_NOT_FOUND', `The directory of ${server} cannot be reached.`);
}

/** GET /directory/list/room/{roomId} */
export function getRoomVisibility(parts: Pick<RoomActionParts, 'db'>): Route {
  return {
    endpoint: endpoints.getRoomVisibilityOnDirectory,
    async handle(request) {
      const room = await findRoom(parts.db, request.path['roomId'] ?? '');
      if (room === undefined) throw new MatrixError('M_NOT_FOUND', 'This server does not know that room.');
      const json: JsonObject = { visibility: room.published ? 'public' : 'private' };
      return { json };
    },
  };
}

/** PUT /directory/list/room/{roomId} */
export function setRoomVisibility(parts: RoomActionParts): Route {
  return {
    endpoint: endpoints.setRoomVisibilityOnDirectory,
    async handle(request) {
      const visibility = optionalString(request.body, 'visibility') ?? 'public';
      if (visibility !== 'public' && visibility !== 'private') {
        throw new MatrixError('M_INVALID_PARAM', 'visibility must be public or private.');
      }
      const { roomId = '' } = request.path;
      await setDirectoryVisibility(parts, requesterOf(request), roomId, visibility === 'public');
      return { json: {} };
    },
  };
}
