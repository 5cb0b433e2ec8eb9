// Devices and cross-signing keys of users, as others download them: each key as it was uploaded, with the signatures that came later and that
// the viewer may see.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysquery

import { isJsonObject, type JsonObject, MatrixError } from '@pons/spec';
import type { Requester } from '../platform/requester.ts';
import type { Queryable } from '../storage/database.ts';
import {
  crossSigningKeysOf,
  type DeviceKeysRow,
  deviceKeysOf,
  type KeySignature,
  keySignaturesOf,
  knownUsers,
} from '../storage/tables/device-keys.ts';
import { byServer } from './local-users.ts';
import type { ProxiedKeys } from './proxied-keys.ts';

/** Users of one request. */
const usersMax = 10_000;

/**
 * Keys of users as `viewer` may see them: the body of the response.
 *
 * @param wanted  user → device ids; none: all of that user
 * @throws MatrixError M_TOO_LARGE
 */
export async function queryKeys(
  { db, serverName, proxied }: { readonly db: Queryable; readonly serverName: string; readonly proxied: ProxiedKeys },
  { userId: viewer, appserviceId }: Pick<Requester, 'userId' | 'appserviceId'>,
  wanted: Readonly<Record<string, readonly string[]>>,
): Promise<JsonObject> {
  const { local, failures } = byServer(wanted, serverName);
  if (local.length > usersMax) throw new MatrixError('M_TOO_LARGE', `ask for at most ${usersMax} users at once`);
  const userIds = local.map(([userId]) => userId);
  const devices = local.flatMap(([userId, deviceIds]) => {
    const ids = deviceIds.length === 0 ? [null] : [...new Set(deviceIds)].filter((id) => !id.includes('\0'));
    return ids.map((deviceId) => ({ userId, deviceId }));
  });
  const [elsewhere, known, deviceRows, crossSigning, signatures] = await Promise.all([
    proxied.query(Object.fromEntries(local), appserviceId),
    knownUsers(db, userIds),
    deviceKeysOf(db, devices),
    crossSigningKeysOf(db, userIds),
    keySignaturesOf(db, userIds, viewer),
  ]);
  const signaturesOf = Map.groupBy(signatures, (one) => keyOf(one.userId, one.keyId));
  const byUser = Map.groupBy(deviceRows, (row) => row.userId);
  const keysFor = (usage: string) =>
    Object.fromEntries(
      crossSigning
        .filter((row) => row.usage === usage)
        .map((row) => [row.userId, withSignatures(row.json, signaturesOf.get(keyOf(row.userId, row.publicKey)))]),
    );
  const own = keysFor('user_signing')[viewer];
  const devicesOf = (userId: string) => ({
    ...Object.fromEntries(
      (byUser.get(userId) ?? []).map((row) => [
        row.deviceId,
        deviceInformation(row, signaturesOf.get(keyOf(userId, row.deviceId))),
      ]),
    ),
    ...elsewhere.device_keys[userId],
  });
  return {
    device_keys: Object.fromEntries(known.map((userId) => [userId, devicesOf(userId)])),
    master_keys: { ...keysFor('master'), ...elsewhere.master_keys },
    self_signing_keys: { ...keysFor('self_signing'), ...elsewhere.self_signing_keys },
    user_signing_keys: own === undefined ? {} : { [viewer]: own },
    failures,
  };
}

function keyOf(userId: string, keyId: string): string {
  return `${userId}\n${keyId}`;
}

function deviceInformation(row: DeviceKeysRow, signatures?: readonly KeySignature[]): JsonObject {
  const unsigned: JsonObject = row.displayName === null ? {} : { device_display_name: row.displayName };
  return { ...withSignatures(row.json, signatures), unsigned };
}

/** A key and what was signed of it since. */
export function withSignatures(json: string, signatures: readonly KeySignature[] = []): JsonObject {
  const key = JSON.parse(json) as JsonObject;
  if (signatures.length === 0) return key;
  const all: JsonObject = isJsonObject(key['signatures']) ? { ...key['signatures'] } : {};
  for (const { signer, signedBy, signature } of signatures) {
    const own = all[signer];
    all[signer] = { ...(isJsonObject(own) ? own : {}), [signedBy]: signature };
  }
  return { ...key, signatures: all };
}
