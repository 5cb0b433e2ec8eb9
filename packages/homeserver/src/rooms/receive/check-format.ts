// Check 1 on receipt of a PDU: its form, its size, and that it is of the room it came for. The ID follows from what it says. Called by
// check-pdu.ts with what another server sent; what fails is dropped, as if it had not come.
// https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
import { citedIds, type JsonObject, type Pdu, type RoomVersionRules } from '@pons/spec';
import { eventIdOf, roomIdOf } from '@pons/spec/crypto';
import { checkEventFormat } from '../../rules/event-format.ts';

declare const formed: unique symbol;

/** What another server says is an event of a room. */
export interface UntrustedPdu {
  readonly event: JsonObject;
  /** The room that it came for. */
  readonly roomId: string;
  readonly rules: RoomVersionRules;
}

/** An event by its form. Only this file makes them. */
export interface FormedPdu {
  readonly [formed]: true;
  readonly pdu: Pdu;
  readonly eventId: string;
  readonly rules: RoomVersionRules;
}

/** Not an event: forgotten. */
export interface DroppedPdu {
  readonly outcome: 'dropped';
  readonly reason: string;
}

/** Says why what came is dropped. */
export function dropped(reason: string): DroppedPdu {
  return { outcome: 'dropped', reason };
}

/** Judges the form. */
export function checkFormat({ event, roomId, rules }: UntrustedPdu): FormedPdu | DroppedPdu {
  // What a server adds outside of hash and signature is its own affair.
  const { unsigned: _unsigned, ...covered } = event;
  const verdict = checkEventFormat(covered, rules);
  if (verdict.outcome === 'invalid') return dropped(`${verdict.field}: ${verdict.reason}`);
  const { pdu } = verdict;
  if (hasNul(pdu)) return dropped('U+0000 stands where the database cannot keep it');
  const itsRoom = pdu.type === 'm.room.create' ? roomIdOf(pdu, rules) : pdu.room_id;
  if (itsRoom !== roomId) return dropped('it is an event of another room');
  return { pdu, eventId: eventIdOf(pdu, rules), rules } as FormedPdu;
}

// Of what becomes columns; in the text of the event it stays escaped.
function hasNul({ type, state_key: stateKey = '', sender, event_id: eventId = '', ...pdu }: Pdu): boolean {
  const cited = [...citedIds(pdu.prev_events), ...citedIds(pdu.auth_events)];
  return [type, stateKey, sender, eventId, ...cited].some((text) => text.includes('\0'));
}
