// GET and PUT /presence/{userId}/status, and what counts as a deed of a user.
// https://spec.matrix.org/v1.19/client-server-api/#presence

import { type JsonObject, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import type { Presence, PresenceState } from '../../ephemeral/presence.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { optionalString, requiredString } from '../body-members.ts';

/** What presence needs of the house. */
export interface PresenceRouteParts {
  readonly presence: Presence;
  /** Whether two users share a room. */
  readonly shareRoom: (viewer: string, userId: string) => Promise<boolean>;
}

/** Characters of a status message. */
const statusMax = 1_024;

/** PUT /presence/{userId}/status */
export function putPresence({ presence }: PresenceRouteParts): Route {
  return {
    endpoint: endpoints.setPresence,
    async handle(request) {
      const { userId, deviceId = '', appserviceId } = requesterOf(request);
      if (request.path['userId'] !== userId) {
        throw new MatrixError('M_FORBIDDEN', 'others say themselves how they are');
      }
      const statusMsg = optionalString(request.body, 'status_msg');
      if (statusMsg !== undefined && statusMsg.length > statusMax) {
        throw new MatrixError('M_TOO_LARGE', `status_msg has at most ${statusMax} characters`);
      }
      const state = requiredString(request.body, 'presence') as PresenceState; // checked by the schema
      const status = statusMsg === undefined || statusMsg === '' ? {} : { statusMsg };
      presence.set({ userId, deviceId, stays: appserviceId !== undefined }, { presence: state, ...status });
      return { json: {} };
    },
  };
}

/** GET /presence/{userId}/status */
export function getPresence({ presence, shareRoom }: PresenceRouteParts): Route {
  return {
    endpoint: endpoints.getPresence,
    async handle(request) {
      const { userId: viewer } = requesterOf(request);
      const userId = request.path['userId'] ?? '';
      if (userId !== viewer && !(await shareRoom(viewer, userId))) {
        throw new MatrixError('M_FORBIDDEN', 'you share no room with that user');
      }
      const content: JsonObject = presence.contentOf(userId) ?? { presence: 'offline' };
      return { json: content };
    },
  };
}

const deeds = new Set(['sendMessage', 'setRoomStateWithKey', 'redactEvent', 'postReceipt', 'setTyping']);

/** The routes, those by which users do something noting that they did. */
export function notingDeeds(presence: Presence, routes: readonly Route[]): Route[] {
  return routes.map((route) => {
    if (!deeds.has(route.endpoint.operation)) return route;
    return {
      ...route,
      async handle(request) {
        const answer = await route.handle(request);
        presence.active(requesterOf(request).userId);
        return answer;
      },
    };
  });
}
