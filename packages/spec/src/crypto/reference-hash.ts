// The reference hash: covers what redaction leaves, and is the event's ID since room version 3 and the room's since 12. In versions 1 and
// 2 the server that makes an event names it, and those that cite it add the hash.
// https://spec.matrix.org/v1.19/server-server-api/#calculating-the-reference-hash-for-an-event

import { hash } from 'node:crypto';
import { MatrixError } from '../errors/matrix-error.ts';
import type { EventReference, Pdu, PduDraft } from '../events/pdu.ts';
import { redact } from '../events/redact.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { RoomVersionRules } from '../room-versions/rules.ts';
import { unpadded } from './base64.ts';
import { contentHash, numbersOf } from './content-hash.ts';

/**
 * The ID of an event that carries its hashes.
 *
 * @throws MatrixError M_BAD_JSON for an event that should name itself and does not
 */
export function eventIdOf(pdu: Pdu, rules: RoomVersionRules): string {
  return rules.eventIds === 'chosen' ? ownId(pdu) : eventIdOfText(coveredText(pdu, rules), rules);
}

/** The ID of the room that a create event makes, where the room version derives it (12); else the one the event names. */
export function roomIdOf(create: Pdu, rules: RoomVersionRules): string | undefined {
  return rules.roomIdIsCreateEvent ? `!${eventIdOf(create, rules).slice(1)}` : create.room_id;
}

/** SHA-256 of what redaction leaves of the event, in unpadded base64. */
export function referenceHash(pdu: Pdu, rules: RoomVersionRules): string {
  return unpadded(hash('sha256', coveredText(pdu, rules), 'base64'));
}

/** How others cite an event. `hashOf` is asked for its reference hash where the room version wants it. */
export function referenceTo(eventId: string, rules: RoomVersionRules, hashOf: () => string): EventReference {
  return rules.citesHashes ? [eventId, { sha256: hashOf() }] : eventId;
}

/** The canonical text that signatures and the reference hash cover: the redacted event without signatures and unsigned. */
export function coveredText(pdu: Pdu, rules: RoomVersionRules): string {
  const { unsigned: _unsigned, signatures: _signatures, ...covered } = redact(pdu, rules) as JsonObject;
  return canonicalJson(covered, numbersOf(rules));
}

/** The event ID for a covered text, where IDs are hashes. */
export function eventIdOfText(text: string, rules: RoomVersionRules): string {
  return rules.eventIds === 'base64url'
    ? `$${hash('sha256', text, 'base64url')}`
    : `$${unpadded(hash('sha256', text, 'base64'))}`;
}

/**
 * The draft with an ID of ours where the room version has servers choose one: a hash of the draft, so that it takes no randomness and
 * the same draft gets the same ID. An ID that it has already stays.
 */
export function nameEvent<T extends PduDraft>(draft: T, rules: RoomVersionRules, serverName: string): T {
  if (rules.eventIds !== 'chosen' || draft.event_id !== undefined) return draft;
  const opaque = contentHash(draft, rules).replaceAll('+', '-').replaceAll('/', '_');
  return { ...draft, event_id: `$${opaque}:${serverName}` };
}

function ownId(pdu: PduDraft): string {
  if (typeof pdu.event_id !== 'string') throw new MatrixError('M_BAD_JSON', 'The event has no event_id.');
  return pdu.event_id;
}
