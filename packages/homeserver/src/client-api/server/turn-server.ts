// GET /voip/turnServer: a name and a password for the configured TURN servers, made for this user and good for a day. The TURN server
// knows the same secret and checks both without asking us (coturn's use-auth-secret).
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3voipturnserver

import { createHmac } from 'node:crypto';
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** How long a password is good, in seconds. */
const LIFETIME_S = 86_400;

/** What the configuration says of TURN. */
export interface TurnParts {
  readonly turnUris: readonly string[];
  readonly turnSecret: string | null;
  readonly now: () => number;
}

/** GET /voip/turnServer; an empty object when none is configured. */
export function getTurnServer({ turnUris, turnSecret, now }: TurnParts): Route {
  return {
    endpoint: endpoints.getTurnServer,
    handle(request) {
      const { userId } = requesterOf(request);
      if (turnSecret === null || turnUris.length === 0) return Promise.resolve({ json: {} });
      const username = `${Math.floor(now() / 1000) + LIFETIME_S}:${userId}`;
      const password = createHmac('sha1', turnSecret).update(username).digest('base64');
      return Promise.resolve({ json: { username, password, ttl: LIFETIME_S, uris: [...turnUris] } });
    },
  };
}
