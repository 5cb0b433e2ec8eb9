// Signing: JSON of any kind (server keys, third-party invites), and events, which are signed in their redacted form so that the
// signature survives redaction.
// https://spec.matrix.org/v1.19/appendices/#signing-details

import { sign } from 'node:crypto';
import type { Pdu, PduDraft, Signatures } from '../events/pdu.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import { isJsonObject, type JsonObject } from '../json/json-value.ts';
import type { RoomVersionRules } from '../room-versions/rules.ts';
import { toBase64 } from './base64.ts';
import { contentHash } from './content-hash.ts';
import { coveredText, nameEvent } from './reference-hash.ts';
import type { SigningKey } from './signing-key.ts';

/** The object with that server's signature added; others' signatures and `unsigned` stay as they are. */
export function signJson<T extends object>(
  object: T,
  serverName: string,
  key: SigningKey,
): T & { signatures: Signatures } {
  const { unsigned: _unsigned, signatures, ...covered } = object as JsonObject;
  const signature = signText(canonicalJson(covered), key);
  return { ...object, signatures: withSignature(signatures, serverName, key.keyId, signature) };
}

/** The event with its content hash and that server's signature. The hot path is finishPdu, which does the same and more at once. */
export function signPdu(draft: PduDraft, rules: RoomVersionRules, serverName: string, key: SigningKey): Pdu {
  const named = nameEvent(draft, rules, serverName);
  const hashes = { sha256: contentHash(named, rules) };
  const hashed = { ...named, hashes, signatures: (draft as Pdu).signatures ?? {} };
  return countersignPdu(hashed, rules, serverName, key);
}

/** A finished event with one more server's signature: restricted joins, invitations. Its hash is left alone. */
export function countersignPdu(pdu: Pdu, rules: RoomVersionRules, serverName: string, key: SigningKey): Pdu {
  const signature = signText(coveredText(pdu, rules), key);
  return { ...pdu, signatures: withSignature(pdu.signatures, serverName, key.keyId, signature) };
}

/** The signature of a canonical text, unpadded base64. */
export function signText(text: string, key: SigningKey): string {
  return toBase64(sign(null, Buffer.from(text), key.privateKey));
}

function withSignature(signatures: unknown, serverName: string, keyId: string, signature: string): Signatures {
  const before = isJsonObject(signatures) ? (signatures as Signatures) : {};
  const own = isJsonObject(before[serverName]) ? before[serverName] : {};
  return { ...before, [serverName]: { ...own, [keyId]: signature } };
}
