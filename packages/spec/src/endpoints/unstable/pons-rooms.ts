// Endpoints of ours for operators: rooms, and deleting them or their history.

import type { Endpoint } from '../endpoint.ts';

const docs = 'https://spec.matrix.org/v1.19/client-server-api/#api-standards';
const admin = { api: 'admin', auth: 'admin', rateLimit: 'none', link: docs } as const;
const rooms = '/_pons/admin/v1/rooms';

/** Ours, by operation. */
export const roomEndpoints = {
  listRooms: {
    ...admin,
    operation: 'listRooms',
    method: 'GET',
    path: rooms,
    body: 'none',
    query: [
      { name: 'from', type: 'string' },
      { name: 'limit', type: 'integer' },
    ],
  },
  deleteRoom: {
    ...admin,
    operation: 'deleteRoom',
    method: 'DELETE',
    path: `${rooms}/{roomId}`,
    body: 'none',
    query: [{ name: 'remove_members', type: 'boolean' }],
  },
  purgeHistory: {
    ...admin,
    operation: 'purgeHistory',
    method: 'POST',
    path: `${rooms}/{roomId}/purge_history`,
    body: 'json',
    request: { type: 'object', properties: { before_event_id: { type: 'string' }, before_ts: { type: 'integer' } } },
  },
} as const satisfies Record<string, Endpoint>;
