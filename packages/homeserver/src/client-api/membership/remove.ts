// POST /rooms/{roomId}/kick, /ban and /unban: one body, three verbs.
// https://spec.matrix.org/v1.19/client-server-api/#banning-users-in-a-room
import { type Endpoint, endpoints } from '@pons/spec/endpoints';
import { banUser, kickUser, unbanUser } from '../../actions/remove-user.ts';
import type { RoomActionParts } from '../../actions/room-action-parts.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { optionalString, requiredString } from '../body-members.ts';

type Verb = typeof kickUser;

/** The three endpoints that remove somebody, or let them back in. */
export function remove(parts: Pick<RoomActionParts, 'db' | 'lanes'>): Route[] {
  const route = (endpoint: Endpoint, verb: Verb): Route => ({
    endpoint,
    async handle(request) {
      await verb(parts, requesterOf(request), {
        roomId: request.path['roomId'] ?? '',
        userId: requiredString(request.body, 'user_id'),
        reason: optionalString(request.body, 'reason'),
        trace: request.trace,
      });
      return { json: {} };
    },
  });
  return [route(endpoints.kick, kickUser), route(endpoints.ban, banUser), route(endpoints.unban, unbanUser)];
}
