// What a published key must look like before it is stored, so that nobody who downloads it later stumbles over it. Signatures of device and
// one-time keys are for those who use them to verify; those between cross-signing keys are checked where they are uploaded.
// https://spec.matrix.org/v1.19/client-server-api/#key-distribution

import { canonicalJson, isJsonObject, type JsonObject, type JsonValue, MatrixError } from '@pons/spec';
import { fromBase64 } from '@pons/spec/crypto';
import type { UploadedKey } from '../storage/tables/one-time-keys.ts';

/** Device of a user. */
export interface Device {
  readonly userId: string;
  readonly deviceId: string;
}

/** Bytes of a device's keys, and of a one-time key. */
const deviceKeysBytesMax = 65_536;
const keyBytesMax = 16_384;
const keyNameMax = 255;
/** Keys of one request. */
const keysMax = 1_000;
const ed25519Bytes = 32;

/** `<algorithm>:<key id>` in its parts; undefined for what is none. */
export function keyName(name: string): { readonly algorithm: string; readonly keyId: string } | undefined {
  const colon = name.indexOf(':');
  const isName = colon > 0 && colon < name.length - 1 && name.length <= keyNameMax && !name.includes('\0');
  return isName ? { algorithm: name.slice(0, colon), keyId: name.slice(colon + 1) } : undefined;
}

/** Identity keys of a device as text to store. @throws MatrixError M_BAD_JSON, M_INVALID_PARAM, M_TOO_LARGE */
export function checkDeviceKeys(keys: JsonValue, device: Device): string {
  if (!isJsonObject(keys)) throw new MatrixError('M_BAD_JSON', 'device_keys must be an object');
  if (keys['user_id'] !== device.userId || keys['device_id'] !== device.deviceId) {
    throw new MatrixError('M_INVALID_PARAM', 'device_keys must name your own user_id and device_id');
  }
  const { algorithms, keys: named, signatures } = keys;
  if (!Array.isArray(algorithms) || !algorithms.every((algorithm) => typeof algorithm === 'string')) {
    throw new MatrixError('M_BAD_JSON', 'device_keys.algorithms must be a list of strings');
  }
  if (!isJsonObject(named) || !Object.entries(named).every(([name, key]) => isOwnKey(name, key, device.deviceId))) {
    throw new MatrixError('M_BAD_JSON', 'device_keys.keys must map `<algorithm>:<device id>` to keys');
  }
  checkSignatures(signatures, 'device_keys.signatures');
  return textOf(keys, deviceKeysBytesMax, 'device_keys');
}

function isOwnKey(name: string, key: JsonValue, deviceId: string): boolean {
  return keyName(name)?.keyId === deviceId && typeof key === 'string';
}

/** One-time or fallback keys of a request. @throws MatrixError M_BAD_JSON, M_TOO_LARGE */
export function checkUploadedKeys(keys: JsonValue, member: string): UploadedKey[] {
  if (!isJsonObject(keys)) throw new MatrixError('M_BAD_JSON', `${member} must be an object`);
  const entries = Object.entries(keys);
  if (entries.length > keysMax) throw new MatrixError('M_TOO_LARGE', `${member} holds at most ${keysMax} keys`);
  return entries.map(([name, key]) => {
    const parts = keyName(name);
    if (parts === undefined) throw new MatrixError('M_BAD_JSON', `${member} must map \`<algorithm>:<key id>\` to keys`);
    checkKey(key, parts.algorithm, member);
    return { ...parts, json: textOf(key, keyBytesMax, member) };
  });
}

function checkKey(key: JsonValue, algorithm: string, member: string): void {
  const isSigned = algorithm.startsWith('signed_');
  if (!isSigned && typeof key === 'string') return;
  if (!isJsonObject(key) || typeof key['key'] !== 'string') {
    throw new MatrixError(
      'M_BAD_JSON',
      `a key of ${member} must be ${isSigned ? '' : 'a string or '}an object with key`,
    );
  }
  if (isSigned || key['signatures'] !== undefined) checkSignatures(key['signatures'], `${member}.*.signatures`);
}

/** Cross-signing keys by what they are for. */
export const usages = {
  master_key: 'master',
  self_signing_key: 'self_signing',
  user_signing_key: 'user_signing',
} as const;
/** What a cross-signing key is for. */
export type Usage = (typeof usages)[keyof typeof usages];

/** A cross-signing key of a request. */
export interface CrossSigningKey {
  readonly usage: Usage;
  /** Unpadded base64. */
  readonly publicKey: string;
  readonly object: JsonObject;
  /** As text to store. */
  readonly json: string;
}

/** The cross-signing keys of a request. @throws MatrixError M_BAD_JSON, M_INVALID_PARAM, M_TOO_LARGE */
export function checkCrossSigningKeys(body: JsonObject, userId: string): CrossSigningKey[] {
  return Object.entries(usages).flatMap(([member, usage]) => {
    const key = body[member] ?? undefined;
    return key === undefined ? [] : [checkCrossSigningKey(key, { member, usage, userId })];
  });
}

function checkCrossSigningKey(
  key: JsonValue,
  { member, usage, userId }: { member: string; usage: Usage; userId: string },
): CrossSigningKey {
  if (!isJsonObject(key)) throw new MatrixError('M_BAD_JSON', `${member} must be an object`);
  const { usage: declared, keys, signatures } = key;
  if (key['user_id'] !== userId) throw new MatrixError('M_INVALID_PARAM', `${member} must name your own user_id`);
  if (!Array.isArray(declared) || !declared.includes(usage)) {
    throw new MatrixError('M_INVALID_PARAM', `${member} must have the usage ${usage}`);
  }
  const [only, ...others] = isJsonObject(keys) ? Object.entries(keys) : [];
  const publicKey = only?.[1];
  if (
    only === undefined ||
    others.length > 0 ||
    typeof publicKey !== 'string' ||
    only[0] !== `ed25519:${publicKey}` ||
    fromBase64(publicKey, ed25519Bytes) === undefined
  ) {
    throw new MatrixError(
      'M_INVALID_PARAM',
      `${member} must hold one key, named \`ed25519:<unpadded base64 of the key>\``,
    );
  }
  if (signatures !== undefined) checkSignatures(signatures, `${member}.signatures`);
  return { usage, publicKey, object: key, json: textOf(key, keyBytesMax, member) };
}

/** @throws MatrixError M_BAD_JSON for what does not map users to key names to signatures */
export function checkSignatures(signatures: JsonValue | undefined, at: string): void {
  const isShaped =
    isJsonObject(signatures) &&
    Object.values(signatures).every(
      (own) => isJsonObject(own) && Object.values(own).every((signature) => typeof signature === 'string'),
    );
  if (!isShaped) throw new MatrixError('M_BAD_JSON', `${at} must map users to key names to signatures`);
}

/** Text to store: canonical, without what is covered by no signature. */
function textOf(key: JsonValue, bytesMax: number, member: string): string {
  const { unsigned: _unsigned, ...signed } = isJsonObject(key) ? key : {};
  const text = canonicalJson(isJsonObject(key) ? signed : key);
  if (Buffer.byteLength(text) > bytesMax) {
    throw new MatrixError('M_TOO_LARGE', `a key of ${member} has at most ${bytesMax} bytes`);
  }
  return text;
}
