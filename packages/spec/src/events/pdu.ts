// A PDU: an event as servers exchange and store it, in the wire's own names. Room versions 1 and 2 name the event in it and cite others
// with their hashes; from version 3 on IDs are hashes and say it all.
// https://spec.matrix.org/v1.19/server-server-api/#pdus

import type { JsonObject } from '../json/json-value.ts';

/** How an event names another: by its ID, or in room versions 1 and 2 by ID and reference hash. */
export type EventReference = string | [eventId: string, hashes: { sha256: string }];

/** An event before it is finished: all but hashes and signatures. */
export type PduDraft = {
  /** In room versions 1 and 2 only. */
  event_id?: string;
  type: string;
  /** Present, maybe empty: a state event. */
  state_key?: string;
  /** Absent only from m.room.create since room version 12. */
  room_id?: string;
  sender: string;
  content: JsonObject;
  /** Milliseconds since 1970. */
  origin_server_ts: number;
  prev_events: EventReference[];
  auth_events: EventReference[];
  depth: number;
  /** Not covered by hashes and signatures. */
  unsigned?: JsonObject;
  /** What an m.room.redaction redacts, before room version 11. */
  redacts?: string;
};

/** Signatures by server and key identifier. */
export type Signatures = { [server: string]: { [keyId: string]: string } };

/** An event as servers exchange it. */
export type Pdu = PduDraft & {
  hashes: { sha256: string };
  signatures: Signatures;
};

/** An event in the state of a room: what rules look at. */
export type StatePdu = Pdu & { state_key: string };

/** Events of at most this many bytes of canonical JSON, signatures included. https://spec.matrix.org/v1.19/client-server-api/#size-limits */
export const pduBytesMax = 65_536;

/** Highest depth that we give an event: what canonical JSON can carry. */
export const depthMax = Number.MAX_SAFE_INTEGER;

/** A depth as it counts here: room versions 1 to 5 allow deeper ones, up to 2^63 − 1. https://spec.matrix.org/v1.19/rooms/v1/#event-format */
export function clampDepth(depth: number): number {
  return Math.min(Math.max(depth, 0), depthMax);
}

/** Events that one may point to. https://spec.matrix.org/v1.19/rooms/v4/#event-format */
export const prevEventsMax = 20;
/** Events that may authorise one. */
export const authEventsMax = 10;

/** Whether an event is a state event. */
export function isStatePdu(pdu: Pdu): pdu is StatePdu {
  return typeof pdu.state_key === 'string';
}

/** IDs of the events that an event cites: of its prev_events or auth_events. */
export function citedIds(references: readonly EventReference[]): readonly string[] {
  // All are of one kind; most often there is nothing to do.
  if (references.every((reference) => typeof reference === 'string')) return references;
  return references.map((reference) => (typeof reference === 'string' ? reference : reference[0]));
}
