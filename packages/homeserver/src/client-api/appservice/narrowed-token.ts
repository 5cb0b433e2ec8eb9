// POST /_pons/client/v1/appservice/token: an application service gets a token that can do less than its own, for another process.

import { ponsEndpoints } from '@pons/spec/endpoints';
import { MatrixError } from '@pons/spec';
import { narrowAsToken } from '../../appservices/narrow-as-token.ts';
import type { AppserviceRegistry } from '../../appservices/registry.ts';
import { requesterOf } from '../../http/requester.ts';
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
      const appservice = registry.byId(requesterOf(request).appserviceId ?? '');
      // Removed this moment.
      if (appservice === undefined) throw new MatrixError('M_UNKNOWN_TOKEN', 'The application service is gone.');
      return Promise.resolve({ json: narrowAsToken(appservice, registry.serverName, request.body, clock.now()) });
    },
  };
}
