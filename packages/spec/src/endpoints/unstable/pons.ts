// Endpoints of ours, all below /_pons/ and without a place in the specification: operators' (admin) and probes'.

import type { Endpoint } from '../endpoint.ts';
import { deliveryEndpoints } from './pons-deliveries.ts';
import { registryEndpoints } from './pons-registry.ts';
import { roomEndpoints } from './pons-rooms.ts';

const docs = 'https://spec.matrix.org/v1.19/client-server-api/#api-standards';

const admin = { api: 'admin', auth: 'admin', rateLimit: 'none', link: docs } as const;

const probe = { api: 'admin', auth: 'none', rateLimit: 'none', method: 'GET', body: 'none', link: docs } as const;

const appservices = '/_pons/admin/v1/appservices';
const appservice = `${appservices}/{appserviceId}` as const;

/** Ours, by operation. */
export const ponsEndpoints = {
  ...registryEndpoints,
  ...roomEndpoints,
  ...deliveryEndpoints,
  getHealth: { ...probe, operation: 'getHealth', path: '/health' },
  getMetrics: { ...probe, operation: 'getMetrics', path: '/metrics' },
  getStatistics: {
    ...admin,
    operation: 'getStatistics',
    method: 'GET',
    path: '/_pons/admin/v1/statistics',
    body: 'none',
  },
  listAppservices: { ...admin, operation: 'listAppservices', method: 'GET', path: appservices, body: 'none' },
  getAppservice: { ...admin, operation: 'getAppservice', method: 'GET', path: appservice, body: 'none' },
  pauseAppservice: {
    ...admin,
    operation: 'pauseAppservice',
    method: 'POST',
    path: `${appservice}/pause`,
    body: 'json',
  },
  resumeAppservice: {
    ...admin,
    operation: 'resumeAppservice',
    method: 'POST',
    path: `${appservice}/resume`,
    body: 'json',
  },
  listSetAside: {
    ...admin,
    operation: 'listSetAside',
    method: 'GET',
    path: `${appservice}/set_aside`,
    body: 'none',
    query: [{ name: 'after', type: 'integer' }],
  },
  replaySetAside: {
    ...admin,
    operation: 'replaySetAside',
    method: 'POST',
    path: `${appservice}/set_aside/replay`,
    body: 'json',
    request: { type: 'object', properties: { positions: { type: 'array', items: { type: 'integer' } } } },
  },
} as const satisfies Record<string, Endpoint>;
