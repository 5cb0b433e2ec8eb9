// Signatures that users add to keys: their self-signing key signs their devices, their devices sign their master key, their user-signing key
// signs the master keys of others. Each is verified against the key as it is stored here; whatever is refused is named in `failures`.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keyssignaturesupload

import { canonicalJson, type Errcode, isJsonObject, type JsonObject, type JsonValue, MatrixError } from '@pons/spec';
import type { DeviceListChangeRow, KeySignatureRow } from '../storage/commit.ts';
import { crossSigningKeysOf, deviceKeysOf } from '../storage/tables/device-keys.ts';
import { deviceListChange } from '../stream/device-list-change.ts';
import { isSignedBy } from './signing-keys.ts';
import type { KeysParts } from './upload-keys.ts';

/** Signed keys of one request. */
const keysMax = 1_000;

/** What a signer may sign with, and what they may sign. */
interface Known {
  readonly signer: string;
  /** Names of the signer's keys. */
  readonly ownKeys: ReadonlySet<string>;
  /** User and key id → the key as stored, and the names of the keys that may sign it with their public keys. */
  readonly targets: ReadonlyMap<string, { readonly json: string; readonly signers: ReadonlyMap<string, string> }>;
}

/** Stores signatures; answers what was refused: user → key id → error. @throws MatrixError M_BAD_JSON, M_TOO_LARGE */
export async function uploadSignatures(parts: KeysParts, signer: string, body: JsonObject): Promise<JsonObject> {
  const signed = Object.entries(body).flatMap(([userId, keys]) => {
    if (!isJsonObject(keys)) throw new MatrixError('M_BAD_JSON', 'the body maps users to key ids to signed keys');
    return Object.entries(keys).map(([keyId, object]) => ({ userId, keyId, object }));
  });
  if (signed.length > keysMax) throw new MatrixError('M_TOO_LARGE', `sign at most ${keysMax} keys at once`);
  const known = await knownTo(parts, signer, signed);
  const signatures: KeySignatureRow[] = [];
  const failures: Record<string, JsonObject> = {};
  for (const { userId, keyId, object } of signed) {
    const checked = checkOne(known, { userId, keyId }, object);
    if ('errcode' in checked) failures[userId] = { ...failures[userId], [keyId]: { ...checked } };
    else signatures.push(...checked.signatures);
  }
  if (signatures.length > 0) await store(parts, signer, signatures);
  return failures;
}

async function knownTo(
  { db, serverName }: KeysParts,
  signer: string,
  signed: readonly { readonly userId: string; readonly keyId: string }[],
): Promise<Known> {
  const isOurs = (userId: string) => userId.endsWith(`:${serverName}`) && !userId.includes('\0');
  const userIds = [...new Set([signer, ...signed.map(({ userId }) => userId).filter(isOurs)])];
  const [crossSigning, devices] = await Promise.all([
    crossSigningKeysOf(db, userIds),
    deviceKeysOf(db, [{ userId: signer, deviceId: null }]),
  ]);
  const own = (usage: string) => crossSigning.find((row) => row.userId === signer && row.usage === usage)?.publicKey;
  const signersBy = (publicKey: string | undefined) =>
    new Map(publicKey === undefined ? [] : [[`ed25519:${publicKey}`, publicKey]]);
  const ownDevices = new Map(
    devices.map(({ deviceId, json }) => [`ed25519:${deviceId}`, identityKeyOf(json, deviceId)]),
  );
  const targets = new Map<string, { json: string; signers: ReadonlyMap<string, string> }>();
  for (const { deviceId, json } of devices) {
    targets.set(nameOf(signer, deviceId), { json, signers: signersBy(own('self_signing')) });
  }
  for (const { userId, publicKey, json } of crossSigning.filter((row) => row.usage === 'master')) {
    const signers = userId === signer ? ownDevices : signersBy(own('user_signing'));
    targets.set(nameOf(userId, publicKey), { json, signers });
  }
  const ownKeys = new Set([
    ...ownDevices.keys(),
    ...['self_signing', 'user_signing'].map((usage) => `ed25519:${own(usage)}`),
  ]);
  return { signer, ownKeys, targets };
}

function nameOf(userId: string, keyId: string): string {
  return `${userId}\n${keyId}`;
}

function identityKeyOf(json: string, deviceId: string): string {
  const { keys } = JSON.parse(json) as JsonObject;
  const key = isJsonObject(keys) ? keys[`ed25519:${deviceId}`] : undefined;
  return typeof key === 'string' ? key : '';
}

interface Refusal {
  readonly errcode: Errcode;
  readonly error: string;
}

function refusal(errcode: Errcode, error: string): Refusal {
  return { errcode, error };
}

function checkOne(
  { signer, ownKeys, targets }: Known,
  key: { readonly userId: string; readonly keyId: string },
  object: JsonValue,
): Refusal | { readonly signatures: readonly KeySignatureRow[] } {
  const given = isJsonObject(object) && isJsonObject(object['signatures']) ? object['signatures'][signer] : undefined;
  if (!isJsonObject(object) || !isJsonObject(given) || Object.keys(given).length === 0) {
    return refusal('M_INVALID_SIGNATURE', 'the key carries no signature of yours');
  }
  const target = targets.get(nameOf(key.userId, key.keyId));
  if (target === undefined) {
    return Object.keys(given).some((name) => ownKeys.has(name))
      ? refusal('M_NOT_FOUND', 'there is no such key that you may sign: neither a device of yours nor a master key')
      : refusal('M_INVALID_SIGNATURE', 'no signature is by a key of yours');
  }
  const stored = JSON.parse(target.json) as JsonObject;
  if (coveredBy(stored) !== coveredBy(object)) {
    return refusal('M_INVALID_SIGNATURE', 'the signed key is not the one that is stored');
  }
  const before = isJsonObject(stored['signatures']) ? stored['signatures'][signer] : undefined;
  const signatures: KeySignatureRow[] = [];
  for (const [signedBy, signature] of Object.entries(given)) {
    if (isJsonObject(before) && before[signedBy] === signature) continue;
    const publicKey = target.signers.get(signedBy);
    const alone = { ...stored, signatures: { [signer]: { [signedBy]: signature } } };
    if (
      publicKey === undefined ||
      typeof signature !== 'string' ||
      !isSignedBy(alone, signer, publicKey, signedBy.slice('ed25519:'.length))
    ) {
      return refusal('M_INVALID_SIGNATURE', 'a signature is wrong, or by a key that may not sign this one');
    }
    signatures.push({ ...key, signer, signedBy, signature });
  }
  return { signatures };
}

/** What a signature covers, as one text. */
function coveredBy(object: JsonObject): string {
  const { signatures: _signatures, unsigned: _unsigned, ...covered } = object;
  return canonicalJson(covered);
}

// Signatures of one's own keys are for everybody to see; that somebody signed another's master key concerns their own devices alone.
async function store({ db, door }: KeysParts, signer: string, signatures: readonly KeySignatureRow[]): Promise<void> {
  const others = new Set(signatures.map((row) => row.userId).filter((userId) => userId !== signer));
  const isOwn = signatures.some((row) => row.userId === signer);
  const own: DeviceListChangeRow[] = isOwn ? [await deviceListChange(db, signer)] : [];
  const theirs = [...others].map((userId, index) => ({ userId, onlyFor: signer, at: own.length + index }));
  const deviceListChanges = [...own, ...theirs];
  await door.commit({ keys: { signatures }, deviceListChanges, positions: deviceListChanges.length });
}
