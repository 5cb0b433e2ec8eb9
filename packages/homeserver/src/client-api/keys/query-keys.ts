// POST /keys/query and POST /keys/claim. `timeout` is how long to wait for other servers, of which none is asked.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysquery

import { isJsonObject, type JsonObject, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { claimKeys } from '../../e2ee/claim-keys.ts';
import type { ProxiedKeys } from '../../e2ee/proxied-keys.ts';
import { queryKeys } from '../../e2ee/query-keys.ts';
import type { KeysParts } from '../../e2ee/upload-keys.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { optionalObject } from '../body-members.ts';

/** What asking for keys needs of the house. */
export interface AskKeysParts extends KeysParts {
  readonly proxied: ProxiedKeys;
}

/** POST /keys/query */
export function postKeysQuery(parts: AskKeysParts): Route {
  return {
    endpoint: endpoints.queryKeys,
    async handle(request) {
      checkTimeout(request.body);
      const wanted = Object.entries(optionalObject(request.body, 'device_keys')).map(([userId, deviceIds]) => {
        const ids = Array.isArray(deviceIds) ? deviceIds.filter((id) => typeof id === 'string') : [];
        return [userId, ids] as const;
      });
      return { json: await queryKeys(parts, requesterOf(request), Object.fromEntries(wanted)) };
    },
  };
}

/** POST /keys/claim */
export function postKeysClaim(parts: AskKeysParts): Route {
  return {
    endpoint: endpoints.claimKeys,
    async handle(request) {
      checkTimeout(request.body);
      const wanted = Object.entries(optionalObject(request.body, 'one_time_keys')).map(([userId, devices]) => {
        const entries = isJsonObject(devices) ? Object.entries(devices) : [];
        const algorithms = entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string');
        return [userId, Object.fromEntries(algorithms)] as const;
      });
      return { json: await claimKeys(parts, Object.fromEntries(wanted), requesterOf(request).appserviceId) };
    },
  };
}

function checkTimeout({ timeout }: JsonObject): void {
  if (typeof timeout === 'number' && timeout < 0) {
    throw new MatrixError('M_INVALID_PARAM', 'timeout is a number of milliseconds');
  }
}
