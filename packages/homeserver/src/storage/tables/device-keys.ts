// Tables `device_keys`, `cross_signing_keys` and `key_signatures`, reading only: the door writes them (Commit.keys).

import { type Queryable, statement } from '../database.ts';

/** Identity keys of a device. */
export interface DeviceKeysRow {
  readonly userId: string;
  readonly deviceId: string;
  /** As uploaded, canonical. */
  readonly json: string;
  readonly displayName: string | null;
}

const ofDevices = statement(
  'device_keys.of_devices',
  `select k.user_id as "userId", k.device_id as "deviceId", k.json, d.display_name as "displayName"
    from unnest($1::text[], $2::text[]) as w (user_id, device_id)
    cross join lateral (select * from device_keys x
      where x.user_id = w.user_id and (w.device_id is null or x.device_id = w.device_id) offset 0) k
    join devices d on d.user_id = k.user_id and d.device_id = k.device_id
    order by k.user_id, k.device_id`,
);

/** Identity keys of devices; without a device id of all devices of the user. Devices without keys are missing. */
export async function deviceKeysOf(
  db: Queryable,
  wanted: readonly { readonly userId: string; readonly deviceId: string | null }[],
): Promise<DeviceKeysRow[]> {
  if (wanted.length === 0) return [];
  return db.query<DeviceKeysRow>(ofDevices, [wanted.map((one) => one.userId), wanted.map((one) => one.deviceId)]);
}

/** A cross-signing key of a user. */
export interface CrossSigningKeyRow {
  readonly userId: string;
  readonly usage: 'master' | 'self_signing' | 'user_signing';
  /** Unpadded base64. */
  readonly publicKey: string;
  /** As uploaded, canonical. */
  readonly json: string;
}

const crossSigning = statement(
  'cross_signing_keys.of_users',
  `select user_id as "userId", usage, public_key as "publicKey", json from cross_signing_keys where user_id = any($1::text[])`,
);

/** All cross-signing keys of some users. */
export async function crossSigningKeysOf(db: Queryable, userIds: readonly string[]): Promise<CrossSigningKeyRow[]> {
  return userIds.length === 0 ? [] : db.query<CrossSigningKeyRow>(crossSigning, [userIds]);
}

/** A signature of somebody's key. */
export interface KeySignature {
  readonly userId: string;
  readonly keyId: string;
  readonly signer: string;
  readonly signedBy: string;
  readonly signature: string;
}

const signatures = statement(
  'key_signatures.of_users',
  `select user_id as "userId", key_id as "keyId", signer, signed_by as "signedBy", signature from key_signatures
    where user_id = any($1::text[]) and (signer = user_id or signer = $2)`,
);

/** Signatures of users' keys that a viewer may see: the owners' and their own. */
export async function keySignaturesOf(
  db: Queryable,
  userIds: readonly string[],
  viewer: string,
): Promise<KeySignature[]> {
  return userIds.length === 0 ? [] : db.query<KeySignature>(signatures, [userIds, viewer]);
}

const known = statement(
  'device_keys.known_users',
  'select user_id as "userId" from users where user_id = any($1::text[])',
);

/** Which of these users have an account here. */
export async function knownUsers(db: Queryable, userIds: readonly string[]): Promise<string[]> {
  if (userIds.length === 0) return [];
  return (await db.query<{ userId: string }>(known, [userIds])).map((row) => row.userId);
}
