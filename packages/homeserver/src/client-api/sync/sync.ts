// GET /sync.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync

import { MatrixError, parseJsonObject } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { type Filter, parseFilter, type StoredFilters } from '../../accounts/filters.ts';
import type { Presence, PresenceState } from '../../ephemeral/presence.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { parseSinceToken, type SinceToken } from '../../sync/since-token.ts';
import type { Sync } from '../../sync/sync-response.ts';

/** What /sync needs of the house. */
export interface SyncRouteParts {
  readonly filters: StoredFilters;
  readonly sync: Sync;
  readonly presence: Presence;
}

/** GET /sync. Whoever calls it is online while it lasts, unless `set_presence` says otherwise. */
export function syncRoute(parts: SyncRouteParts): Route {
  return {
    endpoint: endpoints.sync,
    async handle(request) {
      const { query, signal } = request;
      const { userId, deviceId, appserviceId } = requesterOf(request);
      const since = sinceOf(query.get('since'));
      const asked = {
        userId,
        ...(deviceId === undefined ? {} : { deviceId }),
        ...(since === undefined ? {} : { since }),
        filter: await filterOf(parts, userId, query.get('filter')),
        fullState: query.get('full_state') === 'true',
        useStateAfter: query.get('use_state_after') === 'true',
        timeoutMs: timeoutOf(query.get('timeout')),
        signal,
      };
      // The specification's default; ghosts of application services are only noticed when those say so.
      const presence = (query.get('set_presence') ??
        (appserviceId === undefined ? 'online' : 'offline')) as PresenceState;
      const ended = parts.presence.syncing(userId, deviceId ?? '', presence);
      try {
        return { json: await parts.sync.respond(asked) };
      } finally {
        ended();
      }
    },
  };
}

/** A token of a client. @throws MatrixError M_INVALID_PARAM */
export function sinceOf(text: string | null): SinceToken | undefined {
  if (text === null || text === '') return undefined;
  const since = parseSinceToken(text);
  if (since === undefined)
    throw new MatrixError('M_INVALID_PARAM', 'since is no token of this server: sync without it');
  return since;
}

async function filterOf(parts: SyncRouteParts, userId: string, text: string | null): Promise<Filter> {
  if (text === null || text === '') return parseFilter({});
  if (text.startsWith('{')) return parseFilter(parseJsonObject(text, 'any'));
  return parts.filters.get(userId, text);
}

/** How long a client waits, in milliseconds. @throws MatrixError M_INVALID_PARAM */
export function timeoutOf(text: string | null): number {
  if (text === null) return 0;
  if (!/^\d{1,12}$/.test(text)) throw new MatrixError('M_INVALID_PARAM', 'timeout is a number of milliseconds');
  return Number(text);
}
