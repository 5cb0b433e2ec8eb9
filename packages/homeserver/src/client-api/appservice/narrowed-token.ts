// POST /_pons/client/v1/appservice/token: an application service gets a token that can do less than the one it calls with, for another process.

import { ponsEndpoints } from '@pons/spec/endpoints';
import { MatrixError } from '@pons/spec';
import { narrowAsToken } from '../../appservices/narrow-as-token.ts';
import type { AppserviceRegistry } from '../../appservices/registry.ts';
import { bearerOf } from '../../http/authenticate-client.ts';
import type { Route } from '../../http/route.ts';
import type { Clock } from '../../platform/clock.ts';

/** What the route needs of the house. */
export interface NarrowedTokenParts {
  readonly registry: AppserviceRegistry;
  readonly clock: Clock;
}

/** The route. The full as_token alone may ask. */
export function narrowedTokenRoute({ registry, clock }: NarrowedTokenParts): Route {
  return {
    endpoint: ponsEndpoints.narrowToken,
    handle(request) {
      const asToken = bearerOf(request) ?? '';
      const appservice = registry.byToken(asToken);
      // Removed, or at the end of its overlap, this moment.
      if (appservice === undefined) throw new MatrixError('M_UNKNOWN_TOKEN', 'The as_token has ended.');
      const parts = { appservice, asToken, serverName: registry.serverName, now: clock.now() };
      return Promise.resolve({ json: narrowAsToken(parts, request.body) });
    },
  };
}
