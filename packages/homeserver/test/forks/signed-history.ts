// Random rooms (../state-resolution/random-history.ts) as events that servers have really signed, so that they can be delivered to a lane.
import {
  type JsonObject,
  type Pdu,
  type PduDraft,
  roomVersionRules,
  type RoomVersionRules,
  serverNameOf,
} from '@pons/spec';
import { referenceHash, referenceTo, roomIdOf } from '@pons/spec/crypto';
import { remoteEvent } from '../../../testkit/src/remote-servers.ts';
import { type History, makeHistory } from '../state-resolution/random-history.ts';

/** An event as it comes over the wire, and what it follows and cites. */
export interface SignedEvent {
  readonly eventId: string;
  readonly pdu: Pdu;
  readonly prevIds: readonly string[];
  readonly authIds: readonly string[];
}

/** A room of other servers; each event after those it follows. */
export interface SignedHistory {
  readonly roomId: string;
  readonly rules: RoomVersionRules;
  readonly events: readonly SignedEvent[];
}

/** An ID that no event has. */
export const nobodyHasIt = '$nobody-has-it';

/** Makes and signs a history. */
export function signedHistory(version: string, steps: Parameters<typeof makeHistory>[1]): SignedHistory {
  return sign(makeHistory(version, steps));
}

/** Rooms made so far: no two are the same. */
let made = 0;

function sign({ rules, events }: History): SignedHistory {
  const signed = new Map<string, SignedEvent>();
  made += 1;
  let roomId = `!room${made}:a`;
  for (const { eventId, event } of events) {
    const first = signed.size === 0;
    const idOf = (id: string) => signed.get(id)?.eventId ?? nobodyHasIt;
    const reference = (id: string) =>
      referenceTo(id, rules, () => {
        const found = [...signed.values()].find((other) => other.eventId === id);
        return found === undefined ? 'hash' : referenceHash(found.pdu, rules);
      });
    const prevIds = (event.prev_events as string[]).map(idOf);
    const authIds = event.auth_events.map(idOf);
    const draft: PduDraft = {
      type: event.type,
      ...(event.state_key === undefined ? {} : { state_key: event.state_key }),
      ...(first && rules.roomIdIsCreateEvent ? {} : { room_id: roomId }),
      sender: event.sender,
      content: event.content,
      // What would be twins are told apart by their time.
      origin_server_ts: first ? made : event.origin_server_ts * 1_000 + signed.size,
      prev_events: prevIds.map(reference),
      auth_events: authIds.map(reference),
      depth: event.depth,
    };
    const finished = remoteEvent(draft, rules, serverNameOf(event.sender) ?? '');
    if (first) roomId = roomIdOf(finished.pdu, rules) ?? roomId;
    signed.set(eventId, { eventId: finished.eventId, pdu: finished.pdu, prevIds, authIds });
  }
  return { roomId, rules, events: [...signed.values()] };
}

/** The event as the JSON that it comes as. */
export function asJson({ pdu }: SignedEvent): JsonObject {
  return structuredClone(pdu) as unknown as JsonObject;
}

/** The facts of a version. */
export function rulesOf(version: string): RoomVersionRules {
  const rules = roomVersionRules(version);
  if (rules === undefined) throw new Error(version);
  return rules;
}
