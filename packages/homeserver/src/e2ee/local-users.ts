// Keys of users of other servers are asked of those servers. Until this server speaks with others, each of them counts as out of reach,
// which clients know how to take: they ask again later.

import type { JsonObject } from '@pons/spec';

/** A map by user id, the local users apart from the servers of the others. */
export interface ByServer<Value> {
  readonly local: readonly (readonly [userId: string, value: Value])[];
  /** `failures` of the response. */
  readonly failures: JsonObject;
}

const unreachable = { errcode: 'M_UNKNOWN', error: 'this server does not ask other servers yet' };

/** Parts a map by user id. Ids that nobody can have are nobody's: they are left out. */
export function byServer<Value>(map: Readonly<Record<string, Value>>, serverName: string): ByServer<Value> {
  const local: [string, Value][] = [];
  const failures: Record<string, JsonObject> = {};
  for (const [userId, value] of Object.entries(map)) {
    const colon = userId.indexOf(':');
    if (!userId.startsWith('@') || colon < 0 || userId.includes('\0')) continue;
    const server = userId.slice(colon + 1);
    if (server === serverName) local.push([userId, value]);
    else failures[server] = unreachable;
  }
  return { local, failures };
}
