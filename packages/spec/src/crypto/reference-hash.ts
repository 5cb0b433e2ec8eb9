// The reference hash: covers what redaction leaves, and is the event's ID since room version 3 and the room's since 12.
// https://spec.matrix.org/v1.19/server-server-api/#calculating-the-reference-hash-for-an-event

import { hash } from 'node:crypto';
import type { Pdu } from '../events/pdu.ts';
import { redact } from '../events/redact.ts';
import { canonicalJson } from '../json/canonical-json.ts';
import type { JsonObject } from '../json/json-value.ts';
import type { RoomVersionRules } from '../room-versions/rules.ts';
import { unpadded } from './base64.ts';

/** The ID of an event that carries its hashes. */
export function eventIdOf(pdu: Pdu, rules: RoomVersionRules): string {
  return eventIdOfText(coveredText(pdu, rules), rules);
}

/** The ID of the room that a create event makes, where the room version derives it (12); else the one the event names. */
export function roomIdOf(create: Pdu, rules: RoomVersionRules): string | undefined {
  return rules.roomIdIsCreateEvent ? `!${eventIdOf(create, rules).slice(1)}` : create.room_id;
}

/** The canonical text that signatures and the reference hash cover: the redacted event without signatures and unsigned. */
export function coveredText(pdu: Pdu, rules: RoomVersionRules): string {
  const { unsigned: _unsigned, signatures: _signatures, ...covered } = redact(pdu, rules) as JsonObject;
  return canonicalJson(covered);
}

/** The event ID for a covered text. */
export function eventIdOfText(text: string, rules: RoomVersionRules): string {
  return rules.eventIds === 'base64url'
    ? `$${hash('sha256', text, 'base64url')}`
    : `$${unpadded(hash('sha256', text, 'base64'))}`;
}
