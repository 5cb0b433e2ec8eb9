// Claiming keys to begin encrypted sessions: a one-time key of each device, handed out once, from here or from the application service that
// keeps it, or its fallback key.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysclaim

import { type JsonObject, type JsonValue, MatrixError } from '@pons/spec';
import { claimKeys as claim } from '../storage/tables/one-time-keys.ts';
import { byServer } from './local-users.ts';
import type { ProxiedKeys } from './proxied-keys.ts';
import type { KeysParts } from './upload-keys.ts';

/** Keys of one request. */
const keysMax = 10_000;

/**
 * Claims keys: the body of the response. A device without keys of that algorithm is missing.
 *
 * @param wanted  user → device → algorithm
 * @param asking  the application service that asks
 * @throws MatrixError M_TOO_LARGE
 */
export async function claimKeys(
  {
    db,
    now,
    serverName,
    keyCounts,
    proxied,
  }: Pick<KeysParts, 'db' | 'now' | 'serverName' | 'keyCounts'> & { readonly proxied: ProxiedKeys },
  wanted: Readonly<Record<string, Readonly<Record<string, string>>>>,
  asking?: string,
): Promise<JsonObject> {
  const { local, failures } = byServer(wanted, serverName);
  const keys = local.flatMap(([userId, devices]) =>
    Object.entries(devices)
      .filter(([deviceId, algorithm]) => !`${deviceId}${algorithm}`.includes('\0'))
      .map(([deviceId, algorithm]) => ({ userId, deviceId, algorithm })),
  );
  if (keys.length > keysMax) throw new MatrixError('M_TOO_LARGE', `claim at most ${keysMax} keys at once`);
  const claimed = await claim(db, keys, now(), (left) => proxied.claim(left, asking)).finally(() =>
    keyCounts.changed(keys),
  );
  const byUser = Map.groupBy(claimed, (key) => key.userId);
  const oneTimeKeys = Object.fromEntries(
    [...byUser].map(([userId, found]) => [
      userId,
      Object.fromEntries(
        found.map(({ deviceId, algorithm, keyId, json }) => [
          deviceId,
          { [`${algorithm}:${keyId}`]: JSON.parse(json) as JsonValue },
        ]),
      ),
    ]),
  );
  return { one_time_keys: oneTimeKeys, failures };
}
