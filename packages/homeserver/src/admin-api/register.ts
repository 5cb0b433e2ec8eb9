// /_synapse/admin/v1/register: accounts by a shared secret, whatever the registration mode, as tools and test suites expect it: a nonce
// first, then an HMAC over everything. The action decides; this shapes.
// https://element-hq.github.io/synapse/latest/admin_api/register_api.html

import type { JsonObject } from '@pons/spec';
import { synapseEndpoints } from '@pons/spec/endpoints';
import type { SharedSecretRequest } from '../accounts/registration-nonces.ts';
import type { RegisteredAccount } from '../actions/register-account.ts';
import type { Route } from '../http/route.ts';

/** What the routes need. */
export interface SharedSecretParts {
  readonly serverName: string;
  readonly issueNonce: () => string;
  readonly register: (request: SharedSecretRequest) => Promise<RegisteredAccount>;
  /** Sets the display name of the new account. */
  readonly setDisplayName: (userId: string, displayName: string) => Promise<void>;
}

/** GET: a nonce. */
export function getRegistrationNonce(parts: SharedSecretParts): Route {
  return {
    endpoint: synapseEndpoints.getRegistrationNonce,
    handle: () => Promise.resolve({ json: { nonce: parts.issueNonce() } }),
  };
}

/** POST: the account and its session. */
export function registerBySharedSecret(parts: SharedSecretParts): Route {
  return {
    endpoint: synapseEndpoints.registerBySharedSecret,
    async handle({ body }) {
      const { userId, session } = await parts.register(requestOf(body));
      const displayName = body['displayname'];
      if (typeof displayName === 'string') await parts.setDisplayName(userId, displayName);
      const json: JsonObject = { user_id: userId, home_server: parts.serverName };
      if (session !== undefined)
        Object.assign(json, { access_token: session.accessToken, device_id: session.deviceId });
      return { json };
    },
  };
}

function requestOf(body: JsonObject): SharedSecretRequest {
  const userType = body['user_type'];
  return {
    nonce: text(body, 'nonce'),
    username: text(body, 'username'),
    password: text(body, 'password'),
    mac: text(body, 'mac'),
    admin: body['admin'] === true,
    ...(typeof userType === 'string' ? { userType } : {}),
  };
}

// The descriptor's schema has seen to the types.
function text(body: JsonObject, name: string): string {
  const value = body[name];
  return typeof value === 'string' ? value : '';
}
