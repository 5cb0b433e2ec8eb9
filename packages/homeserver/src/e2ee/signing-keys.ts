// Cross-signing keys: a master key that signs the other two. What a request may change without the user's password is for
// actions/upload-signing-keys.ts to ask; here is what may be stored at all.
// https://spec.matrix.org/v1.19/client-server-api/#cross-signing

import { type JsonObject, MatrixError } from '@pons/spec';
import { readVerifyKey, verifyJson } from '@pons/spec/crypto';
import type { Door } from '../storage/commit.ts';
import type { Queryable } from '../storage/database.ts';
import { type CrossSigningKeyRow, crossSigningKeysOf } from '../storage/tables/device-keys.ts';
import { findDevice } from '../storage/tables/devices.ts';
import { deviceListChange } from '../stream/device-list-change.ts';
import { checkCrossSigningKeys, type CrossSigningKey } from './check-keys.ts';

/** An upload that may be stored. */
export interface SigningKeysUpload {
  /** Keys that are other than those stored. */
  readonly changed: readonly CrossSigningKey[];
  readonly stored: readonly CrossSigningKeyRow[];
  /** There was a master key before: changing anything wants the user's password. */
  readonly replaces: boolean;
}

/**
 * Reads and checks an upload.
 *
 * @throws MatrixError M_BAD_JSON, M_INVALID_PARAM; M_MISSING_PARAM without any master key; M_INVALID_SIGNATURE for a key that the master key
 *         has not signed; M_FORBIDDEN for a key that is named as a device is
 */
export async function checkSigningKeys(db: Queryable, userId: string, body: JsonObject): Promise<SigningKeysUpload> {
  const stored = await crossSigningKeysOf(db, [userId]);
  const storedMaster = stored.find((row) => row.usage === 'master');
  const isGiven = (member: string) => (body[member] ?? undefined) !== undefined;
  const needsMaster = isGiven('self_signing_key') || isGiven('user_signing_key');
  if (needsMaster && storedMaster === undefined && !isGiven('master_key')) {
    throw new MatrixError('M_MISSING_PARAM', 'there is no master key yet: upload master_key as well');
  }
  const keys = checkCrossSigningKeys(body, userId);
  const changed = keys.filter((key) => !stored.some((row) => row.usage === key.usage && row.json === key.json));
  const master = keys.find((key) => key.usage === 'master')?.publicKey ?? storedMaster?.publicKey;
  for (const key of changed) {
    if (key.usage !== 'master' && !isSignedBy(key.object, userId, master ?? '')) {
      throw new MatrixError('M_INVALID_SIGNATURE', `the ${key.usage} key must be signed by the master key`);
    }
    if ((await findDevice(db, userId, key.publicKey)) !== undefined) {
      throw new MatrixError('M_FORBIDDEN', `the ${key.usage} key is named as one of your devices is`);
    }
  }
  return { changed, stored, replaces: storedMaster !== undefined };
}

/** Whether an object carries a valid signature of a user by that key. */
export function isSignedBy(object: JsonObject, userId: string, publicKey: string, keyName = publicKey): boolean {
  const key = readVerifyKey(publicKey);
  if (key === undefined) return false;
  const find = (name: string) => (name === `ed25519:${keyName}` ? key : undefined);
  return verifyJson(object, userId, find).outcome === 'verified';
}

/** Stores the keys that changed; signatures by and of those that they replace go. */
export async function storeSigningKeys(
  { db, door }: { readonly db: Queryable; readonly door: Door },
  userId: string,
  { changed, stored }: SigningKeysUpload,
): Promise<void> {
  if (changed.length === 0) return;
  const replaced = stored.filter((row) =>
    changed.some((key) => key.usage === row.usage && key.publicKey !== row.publicKey),
  );
  await door.commit({
    keys: {
      crossSigningKeys: changed.map(({ usage, publicKey, json }) => ({ userId, usage, publicKey, json })),
      signaturesRemoved: replaced.map((row) => ({ userId, keyId: row.publicKey })),
    },
    deviceListChanges: [await deviceListChange(db, userId)],
    positions: 1,
  });
}
