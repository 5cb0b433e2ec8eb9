// Finishing an event of ours: content hash, signature, event ID and the text that is stored, in one go. This is the most expensive pure
// step of sending, so each top-level member is serialised once and the three canonical texts are joined from the same pieces:
//
//   hashed text    all members but unsigned
//   covered text   what redaction leaves, with hashes     → signature and event ID
//   stored text    all members, with hashes and signatures
//
// https://spec.matrix.org/v1.19/server-server-api/#adding-hashes-and-signatures-to-outgoing-events

import { hash } from 'node:crypto';
import type { Pdu, PduDraft } from '../events/pdu.ts';
import { redactContent, redactionTable } from '../events/redact.ts';
import { canonicalJson, canonicalKeys } from '../json/canonical-json.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { RoomVersionRules } from '../room-versions/rules.ts';
import { unpadded } from './base64.ts';
import { eventIdOf, eventIdOfText, nameEvent } from './reference-hash.ts';
import { signText } from './sign-json.ts';
import type { SigningKey } from './signing-key.ts';

/** A finished event. */
export interface FinishedPdu {
  readonly pdu: Pdu;
  readonly eventId: string;
  /** Canonical JSON of the whole event: what is stored and sent. */
  readonly json: string;
}

/**
 * Adds content hash and signature and computes the ID.
 *
 * @throws MatrixError M_BAD_JSON for content that is no canonical JSON
 */
export function finishPdu(draft: PduDraft, rules: RoomVersionRules, serverName: string, key: SigningKey): FinishedPdu {
  const table = redactionTable(rules);
  const pdu: Pdu = { ...nameEvent(draft, rules, serverName), hashes: { sha256: '' }, signatures: {} };
  const names = canonicalKeys(pdu).filter((name) => (pdu as JsonObject)[name] !== undefined);
  const members = names.map((name) => (isOwn(name) ? '' : member(name, (pdu as JsonObject)[name])));

  pdu.hashes = {
    sha256: unpadded(
      hash(
        'sha256',
        joined(members, (at) => names[at] !== 'unsigned'),
        'base64',
      ),
    ),
  };
  members[names.indexOf('hashes')] = member('hashes', pdu.hashes);

  const contentAt = names.indexOf('content');
  const content = members[contentAt] as string;
  const remaining = redactContent(pdu.type, pdu.content, table);
  if (remaining !== pdu.content) members[contentAt] = member('content', remaining);
  const covered = joined(members, (at) => table.topLevel.has(names[at] as string));
  members[contentAt] = content;

  pdu.signatures = { [serverName]: { [key.keyId]: signText(covered, key) } };
  members[names.indexOf('signatures')] = member('signatures', pdu.signatures);
  const eventId = rules.eventIds === 'chosen' ? eventIdOf(pdu, rules) : eventIdOfText(covered, rules);
  return { pdu, eventId, json: joined(members, () => true) };
}

/** What this file adds itself. */
function isOwn(name: string): boolean {
  return name === 'hashes' || name === 'signatures';
}

function member(name: string, value: JsonObject[string] | undefined): string {
  return `"${name}":${canonicalJson(value ?? null)}`;
}

/** The object made of those members that are filled and wanted. One text, no chain of pieces: many events may be kept until they are stored. */
function joined(members: readonly string[], wants: (at: number) => boolean): string {
  return `{${members.filter((member, at) => member !== '' && wants(at)).join(',')}}`;
}
