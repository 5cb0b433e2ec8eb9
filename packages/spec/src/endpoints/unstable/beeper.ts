// Endpoints that bridges know by Beeper's unstable prefix, as far as this server has them.

import type { Endpoint } from '../endpoint.ts';

const docs = 'https://spec.matrix.org/v1.19/client-server-api/#api-standards';

/** Beeper's, by operation. */
export const beeperEndpoints = {
  batchSend: {
    api: 'client-server',
    operation: 'batchSend',
    method: 'POST',
    path: '/_matrix/client/unstable/com.beeper.backfill/rooms/{roomId}/batch_send',
    auth: 'asToken',
    rateLimit: 'message',
    body: 'json',
    link: docs,
  },
  deleteOwnRoom: {
    api: 'client-server',
    operation: 'deleteOwnRoom',
    method: 'POST',
    path: '/_matrix/client/unstable/com.beeper.yeet/rooms/{roomId}/delete',
    auth: 'asToken',
    rateLimit: 'default',
    body: 'none',
    link: docs,
  },
  // MSC2477 under this prefix. Its events end after two minutes.
  sendEphemeralEvent: {
    api: 'client-server',
    operation: 'sendEphemeralEvent',
    method: 'PUT',
    path: '/_matrix/client/unstable/com.beeper.ephemeral/rooms/{roomId}/ephemeral/{eventType}/{txnId}',
    auth: 'accessToken',
    rateLimit: 'message',
    body: 'json',
    link: docs,
  },
} as const satisfies Record<string, Endpoint>;
