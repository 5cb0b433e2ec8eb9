// The content hash: covers a whole event, so that a redacted copy can be told from the full one.
// https://spec.matrix.org/v1.19/server-server-api/#calculating-the-content-hash-for-an-event

import { hash } from 'node:crypto';
import type { Pdu, PduDraft } from '../events/pdu.ts';
import { type CanonicalNumbers, canonicalJson } from '../json/canonical-json.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { RoomVersionRules } from '../room-versions/rules.ts';
import { fromBase64, unpadded } from './base64.ts';

const sha256Bytes = 32;

/** SHA-256 of the event without unsigned, signatures and hashes, in unpadded base64. */
export function contentHash(pdu: PduDraft, rules: RoomVersionRules): string {
  const { unsigned: _unsigned, signatures: _signatures, hashes: _hashes, ...covered } = pdu as JsonObject;
  return unpadded(hash('sha256', canonicalJson(covered, numbersOf(rules)), 'base64'));
}

/** The numbers that may stand in events of a room version. */
export function numbersOf(rules: RoomVersionRules): CanonicalNumbers {
  return rules.strictCanonicalJson ? 'integers' : 'any';
}

/** Whether an event's own hash is the right one; if not, what we were given is to be treated as redacted. */
export function contentHashMatches(pdu: Pdu, rules: RoomVersionRules): boolean {
  const claimed: unknown = pdu.hashes?.sha256;
  if (typeof claimed !== 'string') return false;
  const bytes = fromBase64(claimed, sha256Bytes);
  return bytes !== undefined && unpadded(Buffer.from(bytes).toString('base64')) === contentHash(pdu, rules);
}
