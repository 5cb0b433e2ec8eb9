// A device publishes its keys. One-time and fallback keys take no position: one short transaction. Identity keys, when they are other than
// before, go through the door together with the change of the device list that tells of them.
// https://spec.matrix.org/v1.19/client-server-api/#uploading-keys

import { isJsonObject, type JsonObject, MatrixError } from '@pons/spec';
import type { Door } from '../storage/commit.ts';
import { type Database, StorageError } from '../storage/database.ts';
import { deviceKeysOf } from '../storage/tables/device-keys.ts';
import { addOneTimeKeys, keyCountsOf, setFallbackKeys, type UploadedKey } from '../storage/tables/one-time-keys.ts';
import { deviceListChange } from '../stream/device-list-change.ts';
import type { KeyCountMemory } from './key-counts.ts';
import { checkDeviceKeys, checkUploadedKeys, type Device } from './check-keys.ts';

/** What publishing keys needs of the house. */
export interface KeysParts {
  readonly db: Database;
  readonly door: Door;
  readonly now: () => number;
  readonly serverName: string;
  /** Told when keys of devices were uploaded or claimed. */
  readonly keyCounts: Pick<KeyCountMemory, 'changed'>;
}

/** Unclaimed one-time keys of a device: an account of Olm holds 100. */
const oneTimeKeysMax = 1_000;
/** Fallback keys of a device, one of an algorithm. */
const fallbackKeysMax = 20;
/** The spelling from before the specification, which older clients still send. */
const unstableFallback = 'org.matrix.msc2732.fallback_keys';
const foreignKeyViolation = '23503';

/**
 * Stores what a device publishes.
 *
 * @returns unclaimed one-time keys by algorithm
 * @throws MatrixError M_BAD_JSON, M_INVALID_PARAM (also for a one-time key that is there with another content), M_TOO_LARGE,
 *         M_UNKNOWN_DEVICE for one that was deleted meanwhile
 */
export async function uploadKeys(
  parts: KeysParts,
  device: Device,
  body: JsonObject,
): Promise<Readonly<Record<string, number>>> {
  const deviceKeys = isGiven(body['device_keys']) ? checkDeviceKeys(body['device_keys'], device) : undefined;
  const oneTime = checkUploadedKeys(body['one_time_keys'] ?? {}, 'one_time_keys');
  const fallback = oneOfEach(checkUploadedKeys(body['fallback_keys'] ?? body[unstableFallback] ?? {}, 'fallback_keys'));
  try {
    const counts = await storeClaimable(parts, device, { oneTime, fallback });
    if (oneTime.length + fallback.length > 0) parts.keyCounts.changed([device]);
    if (deviceKeys !== undefined) await storeDeviceKeys(parts, device, deviceKeys);
    return counts;
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== foreignKeyViolation) throw error;
    throw new MatrixError('M_UNKNOWN_DEVICE', 'this device has been deleted', { cause: error });
  }
}

function isGiven<Value>(value: Value | null | undefined): value is Value {
  return value !== undefined && value !== null;
}

function oneOfEach(keys: UploadedKey[]): UploadedKey[] {
  if (new Set(keys.map((key) => key.algorithm)).size === keys.length) return keys;
  throw new MatrixError('M_INVALID_PARAM', 'fallback_keys holds one key of an algorithm');
}

async function storeClaimable(
  { db }: KeysParts,
  device: Device,
  { oneTime, fallback }: { readonly oneTime: readonly UploadedKey[]; readonly fallback: readonly UploadedKey[] },
): Promise<Readonly<Record<string, number>>> {
  if (oneTime.length === 0 && fallback.length === 0) return (await keyCountsOf(db, [device]))[0]?.oneTimeKeys ?? {};
  return db.transaction(async (tx) => {
    const contradicted = oneTime.length === 0 ? undefined : await addOneTimeKeys(tx, device, oneTime);
    if (contradicted !== undefined) {
      throw new MatrixError(
        'M_INVALID_PARAM',
        `the one-time key ${contradicted} is there already, with another content`,
      );
    }
    if (fallback.length > 0 && (await setFallbackKeys(tx, device, fallback)) > fallbackKeysMax) {
      throw new MatrixError('M_TOO_LARGE', `a device has fallback keys of at most ${fallbackKeysMax} algorithms`);
    }
    const counts = (await keyCountsOf(tx, [device]))[0]?.oneTimeKeys ?? {};
    if (Object.values(counts).reduce((sum, count) => sum + count, 0) > oneTimeKeysMax) {
      throw new MatrixError('M_TOO_LARGE', `at most ${oneTimeKeysMax} one-time keys of a device wait to be claimed`);
    }
    return counts;
  });
}

async function storeDeviceKeys({ db, door }: KeysParts, { userId, deviceId }: Device, json: string): Promise<void> {
  const [stored] = await deviceKeysOf(db, [{ userId, deviceId }]);
  if (stored?.json === json) return;
  const replaced = stored !== undefined && identityOf(stored.json) !== identityOf(json);
  await door.commit({
    keys: {
      deviceKeys: [{ userId, deviceId, json }],
      ...(replaced ? { signaturesRemoved: [{ userId, keyId: deviceId }] } : {}),
    },
    deviceListChanges: [await deviceListChange(db, userId)],
    positions: 1,
  });
}

/** What signatures of the device's keys cover. */
function identityOf(json: string): string {
  const { signatures: _signatures, ...covered } = JSON.parse(json) as JsonObject;
  return JSON.stringify(isJsonObject(covered) ? covered : {});
}
