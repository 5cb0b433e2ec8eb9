// Endpoints of ours by which an operator sees deliveries as they go: the last transactions to an application service, its lag, a ping, and
// the way of one event to all of them.

import type { Endpoint } from '../endpoint.ts';

const admin = {
  api: 'admin',
  auth: 'admin',
  rateLimit: 'none',
  link: 'https://spec.matrix.org/v1.19/application-service-api/#pushing-events',
} as const;

const appservice = '/_pons/admin/v1/appservices/{appserviceId}';

/** Ours, by operation. */
export const deliveryEndpoints = {
  listTransactions: {
    ...admin,
    operation: 'listTransactions',
    method: 'GET',
    path: `${appservice}/transactions`,
    body: 'none',
  },
  getTransaction: {
    ...admin,
    operation: 'getTransaction',
    method: 'GET',
    path: `${appservice}/transactions/{txnId}`,
    body: 'none',
  },
  getLag: { ...admin, operation: 'getLag', method: 'GET', path: `${appservice}/lag`, body: 'none' },
  pingNow: { ...admin, operation: 'pingNow', method: 'POST', path: `${appservice}/ping`, body: 'json' },
  getJourney: {
    ...admin,
    operation: 'getJourney',
    method: 'GET',
    path: '/_pons/admin/v1/journey',
    body: 'none',
    query: [
      { name: 'room_id', type: 'string', required: true },
      { name: 'event_id', type: 'string', required: true },
    ],
  },
} as const satisfies Record<string, Endpoint>;
