// Endpoints of Synapse's admin API that tools expect of every homeserver.
// https://element-hq.github.io/synapse/latest/admin_api/register_api.html

import type { Endpoint } from '../endpoint.ts';

const link = 'https://element-hq.github.io/synapse/latest/admin_api/register_api.html';
const register = { api: 'admin', auth: 'none', path: '/_synapse/admin/v1/register', link } as const;

/** Synapse's, by operation. */
export const synapseEndpoints = {
  getRegistrationNonce: {
    ...register,
    operation: 'getRegistrationNonce',
    method: 'GET',
    rateLimit: 'registration',
    body: 'none',
  },
  registerBySharedSecret: {
    ...register,
    operation: 'registerBySharedSecret',
    method: 'POST',
    rateLimit: 'registration',
    body: 'json',
    request: {
      type: 'object',
      properties: {
        nonce: { type: 'string' },
        username: { type: 'string' },
        displayname: { type: ['string', 'null'] },
        password: { type: 'string' },
        admin: { type: 'boolean' },
        user_type: { type: ['string', 'null'] },
        mac: { type: 'string' },
      },
      required: ['nonce', 'username', 'password', 'mac'],
    },
  },
} as const satisfies Record<string, Endpoint>;
