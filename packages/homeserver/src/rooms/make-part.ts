// Making a part: first everything that its proposals need is read, in at most one query per kind and mostly from memory; then each
// proposal is built, authorised and appended without waiting, so nothing can come in between.
import type { JsonObject, Pdu } from '@pons/spec';
import { authStateKeys } from '../rules/auth-events.ts';
import type { Queryable } from '../storage/database.ts';
import { redactionTargets } from '../storage/tables/events.ts';
import { appendPdu } from './append-pdu.ts';
import { authorisePdu } from './authorise-pdu.ts';
import { buildPdu, type Signer } from './build-pdu.ts';
import { type LaneMemory, type StateKey, stateKeyText } from './lane-memory.ts';
import type { Part, PartInputs } from './part.ts';
import type { EventDraft, Proposal, RoomChange } from './proposal.ts';

/** A proposal that is in the part. */
export interface MadeProposal {
  /** Its events and their places among the positions of the commit. */
  readonly result: readonly { readonly eventId: string; readonly at: number }[];
  /** Index of its client transaction in the commit. */
  readonly transactionAt?: number;
}

/** What making an event takes besides the room. */
export interface Making {
  /** Numbers for the events, the next one last. */
  readonly nids: number[];
  /** Milliseconds. */
  readonly now: number;
  readonly signer: Signer;
}

/** Reads what the drafts need: state into the memory, numbers of state keys, events to be redacted. */
export async function readInputs(
  parts: {
    readonly db: Queryable;
    readonly internStateKeys: (keys: readonly StateKey[]) => Promise<number[]>;
  },
  memory: LaneMemory,
  changes: readonly RoomChange[],
): Promise<PartInputs> {
  const needed = new Map<string, StateKey>();
  const set = new Map<string, StateKey>();
  const redacted = new Set<string>();
  const need = (key: StateKey) => needed.set(stateKeyText(key.type, key.stateKey), key);
  for (const { drafts } of changes) {
    for (const draft of drafts) {
      for (const [type, stateKey] of authStateKeys(subjectOf(draft), memory.rules)) need({ type, stateKey });
      if (draft.stateKey !== undefined) {
        const key = { type: draft.type, stateKey: draft.stateKey };
        need(key);
        set.set(stateKeyText(key.type, key.stateKey), key);
      }
      if (draft.redacts !== undefined) redacted.add(draft.redacts);
    }
  }
  const targets = new Map<string, Awaited<ReturnType<typeof redactionTargets>>[number]>();
  if (redacted.size > 0) {
    for (const target of await redactionTargets(parts.db, memory.roomNid, [...redacted])) {
      targets.set(target.eventId, target);
      const event = JSON.parse(target.json) as Pdu;
      if (event.state_key !== undefined) need({ type: event.type, stateKey: event.state_key });
    }
  }
  await memory.load(parts.db, [...needed.values()]);
  const keyNids = new Map<string, number>();
  if (set.size > 0) {
    const numbers = await parts.internStateKeys([...set.values()]);
    [...set.keys()].forEach((key, index) => keyNids.set(key, numbers[index] ?? 0));
  }
  return { keyNids, targets };
}

function subjectOf({ type, stateKey, sender, content }: EventDraft) {
  return stateKey === undefined ? { type, sender, content } : { type, state_key: stateKey, sender, content };
}

/**
 * Adds a proposal to the part.
 *
 * @throws MatrixError when it may not be; the caller rewinds the part
 */
export function appendProposal(part: Part, proposal: Proposal, making: Making): MadeProposal {
  const { clientTransaction, trace } = proposal;
  const result = proposal.drafts.map((draft) =>
    appendDraft(part, draft, making, {
      ...(trace === undefined ? {} : { trace }),
      ...(clientTransaction === undefined
        ? {}
        : { transactionKey: `${clientTransaction.deviceId}\n${clientTransaction.txnId}` }),
    }),
  );
  part.addChange(proposal);
  const first = result[0];
  if (clientTransaction === undefined || first === undefined) return { result };
  const response: JsonObject = { event_id: first.eventId };
  part.clientTransactions.push({
    ...clientTransaction,
    roomNid: part.memory.roomNid,
    response: JSON.stringify(response),
    createdTs: making.now,
  });
  return { result, transactionAt: part.clientTransactions.length - 1 };
}

/** Adds one event: builds, authorises, appends. */
export function appendDraft(
  part: Part,
  draft: EventDraft,
  { nids, now, signer }: Making,
  context: { readonly trace?: string; readonly transactionKey?: string },
): { readonly eventId: string; readonly at: number } {
  const built = buildPdu(draft, part, now, signer);
  const judged = authorisePdu(built, part, signer.serverName);
  const eventNid = nids.pop();
  if (eventNid === undefined) throw new Error('an event without a number');
  const at = appendPdu(judged, part, { ...context, eventNid, serverName: signer.serverName });
  return { eventId: judged.eventId, at };
}
