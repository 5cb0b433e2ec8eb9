// First step of an event of ours, in the lane: its place in the room (what it follows, what authorises it, how deep it is), then hash,
// signature and id. All in memory; the lane has read what is needed.
// https://spec.matrix.org/v1.19/server-server-api/#pdus
import { clampDepth, type EventReference, type Pdu, type PduDraft, prevEventsMax } from '@pons/spec';
import { type FinishedPdu, finishPdu, referenceHash, referenceTo, type SigningKey } from '@pons/spec/crypto';
import { authEventKeys } from '../rules/auth-events.ts';
import type { StateEvent } from '../rules/authorise.ts';
import type { LaneMemory } from './lane-memory.ts';
import type { PartInputs } from './part.ts';
import type { EventDraft } from './proposal.ts';

/** Who signs. */
export interface Signer {
  readonly serverName: string;
  readonly key: SigningKey;
}

/** What an event stands on: the part in the making, or the branch of history that a batch makes. */
export interface EventGround {
  readonly memory: Pick<LaneMemory, 'rules' | 'roomId'>;
  /** What it follows. */
  readonly point: {
    readonly depth: number;
    readonly extremities: readonly { readonly eventId: string; readonly depth: number }[];
  };
  readonly inputs: Pick<PartInputs, 'targets'>;
  /** Events that were made on it. */
  readonly events: readonly { readonly eventId: string; readonly json: string }[];
  /** The state before it. */
  value(type: string, stateKey: string): StateEvent | undefined;
}

/**
 * The event that a draft becomes on this ground.
 *
 * @param now  milliseconds, for drafts without a time of their own
 * @throws MatrixError M_BAD_JSON for content that is no canonical JSON
 */
export function buildPdu(draft: EventDraft, ground: EventGround, now: number, signer: Signer): FinishedPdu {
  const { rules, roomId } = ground.memory;
  const pdu: PduDraft = {
    type: draft.type,
    sender: draft.sender,
    content: draft.content,
    origin_server_ts: draft.originServerTs ?? now,
    prev_events: previousEvents(ground),
    auth_events: [],
    depth: clampDepth(ground.point.depth + 1),
  };
  if (draft.stateKey !== undefined) pdu.state_key = draft.stateKey;
  for (const [type, stateKey] of authEventKeys(pdu, rules)) {
    const value = ground.value(type, stateKey);
    if (value !== undefined) pdu.auth_events.push(reference(value.eventId, ground));
  }
  if (!(draft.type === 'm.room.create' && rules.roomIdIsCreateEvent)) pdu.room_id = roomId;
  if (draft.redacts !== undefined) {
    if (rules.redactsInContent) pdu.content = { ...draft.content, redacts: draft.redacts };
    else pdu.redacts = draft.redacts;
  }
  return finishPdu(pdu, rules, signer.serverName, signer.key);
}

function previousEvents(ground: EventGround): EventReference[] {
  return previousExtremities(ground.point.extremities).map((extremity) => reference(extremity.eventId, ground));
}

/** Which loose ends an event of ours follows: all, or the deepest where there are more than it may follow. */
export function previousExtremities<T extends { readonly depth: number }>(extremities: readonly T[]): readonly T[] {
  if (extremities.length <= prevEventsMax) return extremities;
  return [...extremities].sort((a, b) => b.depth - a.depth).slice(0, prevEventsMax);
}

// Room versions 1 and 2 add the hash of what is cited; its text was made on this ground or read for it.
function reference(eventId: string, ground: EventGround): EventReference {
  const { rules } = ground.memory;
  return referenceTo(eventId, rules, () => {
    const made = ground.events.findLast((event) => event.eventId === eventId);
    const json = made?.json ?? ground.inputs.targets.get(eventId)?.json;
    if (json === undefined) throw new Error('a cited event was not read before the event was made');
    return referenceHash(JSON.parse(json) as Pdu, rules);
  });
}
