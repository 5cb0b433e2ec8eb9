// Endpoints of ours for application services: what the specification lets them do one by one, for many users at once.

import type { Endpoint } from '../endpoint.ts';

const docs = 'https://spec.matrix.org/v1.19/client-server-api/#api-standards';

/** Ours, by operation. */
export const ghostEndpoints = {
  bulkGhosts: {
    api: 'client-server',
    operation: 'bulkGhosts',
    method: 'POST',
    path: '/_pons/client/v1/appservice/ghosts',
    auth: 'asToken',
    rateLimit: 'join',
    body: 'json',
    link: docs,
  },
} as const satisfies Record<string, Endpoint>;
