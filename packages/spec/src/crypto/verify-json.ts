// Checking signatures, of JSON and of events. The caller looks keys up beforehand and decides which are valid at the time in question;
// keys it does not answer for are skipped, as the specification wants.
// https://spec.matrix.org/v1.19/appendices/#checking-for-a-signature

import { type KeyObject, verify } from 'node:crypto';
import type { Pdu } from '../events/pdu.ts';
import { redact } from '../events/redact.ts';
import { type CanonicalNumbers, canonicalJson } from '../json/canonical-json.ts';
import { isJsonObject, type JsonObject } from '../json/json-value.ts';
import type { RoomVersionRules } from '../room-versions/rules.ts';
import { fromBase64 } from './base64.ts';
import { numbersOf } from './content-hash.ts';
import { readVerifyKey } from './signing-key.ts';

/** What became of checking one server's signatures. */
export type Verification =
  | { readonly outcome: 'verified' }
  /** No Ed25519 signature of that server; none by a known key; one by a known key is wrong. */
  | { readonly outcome: 'refused'; readonly reason: 'unsigned' | 'unknown key' | 'bad signature' };

/** The key of that identifier, or undefined when unknown or not valid at the time in question. */
export type FindVerifyKey = (keyId: string) => KeyObject | undefined;

const signatureBytes = 64;
/** Signatures of one server that are looked at: enough for any key rotation, few enough to cost nothing. */
const signaturesMax = 20;
/** Keys of one third-party invitation that are tried. */
const publicKeysMax = 10;

/** Whether a server has signed the object: every signature by a known key must be right, and there must be one. */
export function verifyJson(
  object: object,
  serverName: string,
  findKey: FindVerifyKey,
  numbers: CanonicalNumbers = 'integers',
): Verification {
  const { unsigned: _unsigned, signatures, ...covered } = object as JsonObject;
  const own = signaturesOf(signatures, serverName);
  if (own.length === 0) return { outcome: 'refused', reason: 'unsigned' };
  const known = own.flatMap(([keyId, signature]) => {
    const key = findKey(keyId);
    return key === undefined ? [] : [{ key, signature }];
  });
  if (known.length === 0) return { outcome: 'refused', reason: 'unknown key' };
  const bytes = Buffer.from(canonicalJson(covered, numbers));
  const isGood = known.every(({ key, signature }) => isSignature(signature, bytes, key));
  return isGood ? { outcome: 'verified' } : { outcome: 'refused', reason: 'bad signature' };
}

/** Whether a server has signed the event, in its redacted form. */
export function verifyPdu(pdu: Pdu, rules: RoomVersionRules, serverName: string, findKey: FindVerifyKey): Verification {
  return verifyJson(redact(pdu, rules), serverName, findKey, numbersOf(rules));
}

/** Key identifiers by which a server has signed: what to fetch before verifying. */
export function signingKeyIds(object: object, serverName: string): string[] {
  return signaturesOf((object as JsonObject)['signatures'], serverName).map(([keyId]) => keyId);
}

/** Whether any Ed25519 signature in the object, whoever made it, is by one of those published keys: third-party invitations. */
export function anySignatureMatches(object: object, publicKeys: readonly string[]): boolean {
  const { unsigned: _unsigned, signatures, ...covered } = object as JsonObject;
  if (!isJsonObject(signatures)) return false;
  const keys = publicKeys.slice(0, publicKeysMax).flatMap((key) => readVerifyKey(key) ?? []);
  const bytes = Buffer.from(canonicalJson(covered));
  return Object.keys(signatures)
    .slice(0, signaturesMax)
    .flatMap((server) => signaturesOf(signatures, server))
    .slice(0, signaturesMax)
    .some(([, signature]) => keys.some((key) => isSignature(signature, bytes, key)));
}

function isSignature(signature: unknown, bytes: Buffer, key: KeyObject): boolean {
  const raw = typeof signature === 'string' ? fromBase64(signature, signatureBytes) : undefined;
  return raw !== undefined && verify(null, bytes, key, raw);
}

function signaturesOf(signatures: unknown, serverName: string): [string, unknown][] {
  if (!isJsonObject(signatures) || !Object.hasOwn(signatures, serverName)) return [];
  const own = signatures[serverName];
  if (!isJsonObject(own)) return [];
  return Object.entries(own)
    .filter(([keyId]) => keyId.startsWith('ed25519:'))
    .slice(0, signaturesMax);
}
