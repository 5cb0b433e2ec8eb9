// POST /_pons/client/v1/appservice/ghosts: an application service registers, names and joins many of its users in one request.
import { isJsonObject, type JsonValue, MatrixError } from '@pons/spec';
import { ghostEndpoints } from '@pons/spec/endpoints';
import { bulkGhosts, type BulkGhostsParts, type GhostError, type GhostRequest } from '../../actions/bulk-ghosts.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** POST /_pons/client/v1/appservice/ghosts */
export function bulkGhostsRoute(parts: BulkGhostsParts): Route {
  return {
    endpoint: ghostEndpoints.bulkGhosts,
    async handle(request) {
      const { errors, ...counts } = await bulkGhosts(parts, requesterOf(request), {
        ghosts: ghostsOf(request.body['ghosts']),
        trace: request.trace,
      });
      return { json: { ...counts, errors: errors.map(errorOf) } };
    },
  };
}

function ghostsOf(value: JsonValue | undefined): GhostRequest[] {
  if (!Array.isArray(value)) throw new MatrixError('M_BAD_JSON', 'ghosts must be a list.');
  return value.map((ghost) => {
    const {
      user_id: userId,
      localpart,
      displayname,
      avatar_url: avatarUrl,
      rooms = [],
    } = isJsonObject(ghost) ? ghost : {};
    const user = userId ?? localpart;
    if (typeof user !== 'string' || !Array.isArray(rooms) || !rooms.every((room) => typeof room === 'string')) {
      throw new MatrixError('M_BAD_JSON', 'Each of ghosts has a user_id or a localpart, and perhaps a list of rooms.');
    }
    return { user, displayname: nameOf(displayname), avatarUrl: nameOf(avatarUrl), rooms };
  });
}

function nameOf(value: JsonValue | undefined): string | null | undefined {
  if (value === undefined || value === null || typeof value === 'string') return value;
  throw new MatrixError('M_BAD_JSON', 'displayname and avatar_url of a ghost are strings.');
}

function errorOf({ user, roomId, error }: GhostError) {
  return {
    user,
    ...(roomId === undefined ? {} : { room_id: roomId }),
    errcode: error.errcode,
    error: error.message,
  };
}
