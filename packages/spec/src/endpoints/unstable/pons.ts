// Endpoints of ours, all below /_pons/ and without a place in the specification: operators' (admin) and probes'.

import type { Endpoint } from '../endpoint.ts';

const docs = 'https://spec.matrix.org/v1.19/client-server-api/#api-standards';

const admin = { api: 'admin', auth: 'admin', rateLimit: 'none', link: docs } as const;

const probe = { api: 'admin', auth: 'none', rateLimit: 'none', method: 'GET', body: 'none', link: docs } as const;

/** Ours, by operation. */
export const ponsEndpoints = {
  getHealth: { ...probe, operation: 'getHealth', path: '/health' },
  getMetrics: { ...probe, operation: 'getMetrics', path: '/metrics' },
  getStatistics: {
    ...admin,
    operation: 'getStatistics',
    method: 'GET',
    path: '/_pons/admin/v1/statistics',
    body: 'none',
  },
} as const satisfies Record<string, Endpoint>;
