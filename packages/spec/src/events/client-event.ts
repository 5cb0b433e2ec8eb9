// An event as clients and application services see it: the PDU without what only servers need.
// https://spec.matrix.org/v1.19/client-server-api/#room-event-format

import type { JsonObject } from '../json/json-value.ts';
import type { RoomVersionRules } from '../room-versions/rules.ts';
import type { PduDraft } from './pdu.ts';

/** An event in the form clients get. */
export type ClientEvent = {
  event_id: string;
  /** Left out in /sync, where the room is known. */
  room_id?: string;
  type: string;
  state_key?: string;
  sender: string;
  origin_server_ts: number;
  content: JsonObject;
  unsigned?: JsonObject;
  redacts?: string;
};

/** What the PDU itself does not say, or says differently. */
export interface ClientEventContext {
  readonly eventId: string;
  /** Given: it stands in the event. */
  readonly roomId?: string;
  readonly rules: RoomVersionRules;
  /** Given: instead of the PDU's. */
  readonly unsigned?: JsonObject;
}

/** The client's form of an event. `redacts` of a redaction is served in both places, for older and newer clients. */
export function toClientEvent(pdu: PduDraft, context: ClientEventContext): ClientEvent {
  const event: ClientEvent = {
    event_id: context.eventId,
    type: pdu.type,
    sender: pdu.sender,
    origin_server_ts: pdu.origin_server_ts,
    content: pdu.content,
  };
  if (context.roomId !== undefined) event.room_id = context.roomId;
  if (pdu.state_key !== undefined) event.state_key = pdu.state_key;
  const unsigned = context.unsigned ?? pdu.unsigned;
  if (unsigned !== undefined) event.unsigned = unsigned;
  if (pdu.type === 'm.room.redaction') {
    const redacts = redactsOf(pdu, context.rules);
    if (redacts !== undefined) {
      event.redacts = redacts;
      if (!context.rules.redactsInContent) event.content = { ...pdu.content, redacts };
    }
  }
  return event;
}

/** The event that an m.room.redaction redacts, wherever its room version puts that. */
export function redactsOf(pdu: PduDraft, rules: RoomVersionRules): string | undefined {
  const redacts = rules.redactsInContent ? pdu.content['redacts'] : pdu.redacts;
  return typeof redacts === 'string' ? redacts : undefined;
}
