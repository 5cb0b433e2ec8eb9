// First step of an event of ours, in the lane: its place in the room (what it follows, what authorises it, how deep it is), then hash,
// signature and id. All in memory; the lane has read what is needed.
// https://spec.matrix.org/v1.19/server-server-api/#pdus
import { depthMax, type PduDraft, prevEventsMax } from '@pons/spec';
import { type FinishedPdu, finishPdu, type SigningKey } from '@pons/spec/crypto';
import { authEventKeys } from '../rules/auth-events.ts';
import type { Part } from './part.ts';
import type { EventDraft } from './proposal.ts';

/** Who signs. */
export interface Signer {
  readonly serverName: string;
  readonly key: SigningKey;
}

/**
 * The event that a draft becomes at the end of the part.
 *
 * @param now  milliseconds, for drafts without a time of their own
 * @throws MatrixError M_BAD_JSON for content that is no canonical JSON
 */
export function buildPdu(draft: EventDraft, part: Part, now: number, signer: Signer): FinishedPdu {
  const { rules, roomId } = part.memory;
  const pdu: PduDraft = {
    type: draft.type,
    sender: draft.sender,
    content: draft.content,
    origin_server_ts: draft.originServerTs ?? now,
    prev_events: previousEvents(part),
    auth_events: [],
    depth: Math.min(part.point.depth + 1, depthMax),
  };
  if (draft.stateKey !== undefined) pdu.state_key = draft.stateKey;
  for (const [type, stateKey] of authEventKeys(pdu, rules)) {
    const value = part.value(type, stateKey);
    if (value !== undefined) pdu.auth_events.push(value.eventId);
  }
  if (!(draft.type === 'm.room.create' && rules.roomIdIsCreateEvent)) pdu.room_id = roomId;
  if (draft.redacts !== undefined) {
    if (rules.redactsInContent) pdu.content = { ...draft.content, redacts: draft.redacts };
    else pdu.redacts = draft.redacts;
  }
  return finishPdu(pdu, rules, signer.serverName, signer.key);
}

// A room with more loose ends than an event may follow: the deepest first, the others stay loose.
function previousEvents(part: Part): string[] {
  const { extremities } = part.point;
  if (extremities.length <= prevEventsMax) return extremities.map((extremity) => extremity.eventId);
  return [...extremities]
    .sort((a, b) => b.depth - a.depth)
    .slice(0, prevEventsMax)
    .map((extremity) => extremity.eventId);
}
