// POST /appservice/{appserviceId}/ping: an application service asks to be pinged, to find out whether we reach it.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv1appserviceappserviceidping

import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { pingAppservice, type PingParts } from '../../appservice-delivery/ping.ts';
import type { AppserviceRegistry } from '../../appservices/registry.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { optionalString } from '../body-members.ts';

/** What the route needs of the house. */
export interface PingRouteParts extends PingParts {
  readonly registry: AppserviceRegistry;
}

/** POST /appservice/{appserviceId}/ping */
export function pingRoute(parts: PingRouteParts): Route {
  return {
    endpoint: endpoints.pingAppservice,
    async handle(request) {
      const { appserviceId } = requesterOf(request);
      const appservice = parts.registry.byId(appserviceId ?? '');
      if (appservice === undefined || appserviceId !== request.path['appserviceId'])
        throw new MatrixError('M_FORBIDDEN', 'An application service may have itself pinged, and no other.');
      const durationMs = await pingAppservice(parts, appservice, optionalString(request.body, 'transaction_id'));
      return { json: { duration_ms: durationMs } };
    },
  };
}
