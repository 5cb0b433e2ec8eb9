// Making a part: first everything that its proposals need is read, in at most one query per kind and mostly from memory; then each
// proposal is built, authorised and appended without waiting, so nothing can come in between.
import type { JsonObject, MatrixError, Pdu } from '@pons/spec';
import { authStateKeys } from '../rules/auth-events.ts';
import type { Queryable } from '../storage/database.ts';
import { type RedactionTargetRow, redactionTargets } from '../storage/tables/events.ts';
import { type AppendContext, appendPdu } from './append-pdu.ts';
import { authorisePdu } from './authorise-pdu.ts';
import { buildPdu, type Signer } from './build-pdu.ts';
import { type LaneMemory, type StateKey, stateKeyText } from './lane-memory.ts';
import type { Part } from './part.ts';
import type { EventDraft, Proposal, RoomChange } from './proposal.ts';
import type { ReceiveOutcome } from './receive/receive-outcome.ts';

/** A proposal that is in the part. */
export interface MadeProposal {
  /** Its events and their places among the positions of the commit. */
  readonly result: readonly { readonly eventId: string; readonly at: number }[];
  /** Of users who join together: who may not. */
  readonly refused?: ReadonlyMap<string, MatrixError>;
  /** Index of its client transaction in the commit. */
  readonly transactionAt?: number;
  /** Of another server's event: what became of it, by the first position of the commit. */
  readonly received?: (first: number) => ReceiveOutcome;
}

/** What making an event takes besides the room. */
export interface Making {
  /** Numbers for the events, the next one last. */
  readonly nids: number[];
  /** Milliseconds. */
  readonly now: number;
  readonly signer: Signer;
}

/** Numbers of ours that events and state keys get; they depend on no room. */
export interface PartNumbers {
  /** For events, the next one last. */
  readonly nids: number[];
  /** Of each (type, state_key) that the drafts set, by stateKeyText. */
  readonly keyNids: ReadonlyMap<string, number>;
  /** Those of the keys that no room had before. Not for a memory that has been refreshed since: others may have set them meanwhile. */
  readonly newKeys: ReadonlySet<string>;
}

/** Where numbers come from. */
export interface Numbering {
  /** For new events and rooms. */
  readonly nextNid: () => Promise<number> | number;
  /** Numbers of (type, state_key), in their order. `made` is told of those that no room had before. */
  readonly internStateKeys: (keys: readonly StateKey[], made?: (key: StateKey) => void) => Promise<number[]>;
}

/** Takes the numbers that the drafts need. */
export async function takeNumbers(
  numbering: Numbering,
  changes: readonly (RoomChange & Pick<Proposal, 'batch' | 'joins' | 'received'>)[],
): Promise<PartNumbers> {
  const nids: number[] = [];
  const keys = new Map<string, StateKey>();
  const takeNid = async () => {
    const nid = numbering.nextNid();
    nids.push(typeof nid === 'number' ? nid : await nid);
  };
  const takeKey = (type: string, stateKey: string) => keys.set(stateKeyText(type, stateKey), { type, stateKey });
  for (const { drafts, batch, joins, received } of changes) {
    for (const { type, stateKey } of drafts) {
      await takeNid();
      if (stateKey !== undefined) takeKey(type, stateKey);
    }
    if (received !== undefined) {
      const { type, state_key: stateKey } = received.checked.pdu;
      await takeNid();
      if (stateKey !== undefined) takeKey(type, stateKey);
    }
    if (batch === undefined && joins === undefined) continue;
    const members = new Set(batch?.events.map(({ draft }) => draft.sender) ?? joins?.memberships.keys());
    // At most: each of them is invited and joins.
    for (let count = (batch?.events.length ?? 0) + 2 * members.size; count > 0; count -= 1) await takeNid();
    for (const member of members) takeKey('m.room.member', member);
  }
  const newKeys = new Set<string>();
  const made = ({ type, stateKey }: StateKey) => newKeys.add(stateKeyText(type, stateKey));
  const numbers = keys.size === 0 ? [] : await numbering.internStateKeys([...keys.values()], made);
  const keyNids = new Map([...keys.keys()].map((text, index) => [text, numbers[index] ?? 0]));
  return { nids: nids.reverse(), keyNids, newKeys };
}

/** Reads what the drafts need of the room: state into the memory, and events by ID: to be redacted, or cited with their hashes. */
export async function readInputs(
  db: Queryable,
  memory: LaneMemory,
  changes: readonly RoomChange[],
  newKeys: ReadonlySet<string> = new Set(),
): Promise<ReadonlyMap<string, RedactionTargetRow>> {
  const needed = new Map<string, StateKey>();
  const redacted = new Set<string>();
  const need = (type: string, stateKey: string) => {
    const key = stateKeyText(type, stateKey);
    if (!newKeys.has(key)) needed.set(key, { type, stateKey });
  };
  for (const { drafts } of changes) {
    for (const draft of drafts) {
      for (const [type, stateKey] of authStateKeys(subjectOf(draft), memory.rules)) need(type, stateKey);
      if (draft.stateKey !== undefined) need(draft.type, draft.stateKey);
      if (draft.redacts !== undefined) redacted.add(draft.redacts);
    }
  }
  const targets = new Map<string, RedactionTargetRow>();
  for (const target of await redactionTargets(db, memory.roomNid, [...redacted])) {
    targets.set(target.eventId, target);
    const event = JSON.parse(target.json) as Pdu;
    if (event.state_key !== undefined) need(event.type, event.state_key);
  }
  await memory.load(db, [...needed.values()]);
  if (memory.rules.citesHashes) await readCited(db, memory, { keys: needed.keys(), targets });
  return targets;
}

// Room versions 1 and 2: what the drafts may cite is read as well, for its hash.
async function readCited(
  db: Queryable,
  memory: LaneMemory,
  { keys, targets }: { readonly keys: Iterable<string>; readonly targets: Map<string, RedactionTargetRow> },
): Promise<void> {
  const cited = new Set(memory.point.extremities.map((extremity) => extremity.eventId));
  for (const key of keys) {
    const value = memory.peek(key);
    if (value !== undefined && value !== 'unknown') cited.add(value.eventId);
  }
  for (const row of await redactionTargets(db, memory.roomNid, [...cited])) targets.set(row.eventId, row);
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
  const context = contextOf(proposal);
  const result = proposal.drafts.map((draft) => appendDraft(part, draft, making, context));
  return finishProposal(part, proposal, result, making);
}

/** What rows say of the request that made an event. */
export function contextOf({ clientTransaction, trace }: Proposal): Pick<AppendContext, 'trace' | 'transactionKey'> {
  return {
    ...(trace === undefined ? {} : { trace }),
    ...(clientTransaction === undefined
      ? {}
      : { transactionKey: `${clientTransaction.deviceId}\n${clientTransaction.txnId}` }),
  };
}

/** The events of a proposal are in the part: so is what else it asks for. */
export function finishProposal(
  part: Part,
  proposal: Proposal,
  result: MadeProposal['result'],
  making: Pick<Making, 'now'>,
): MadeProposal {
  const { clientTransaction, named } = proposal;
  part.addChange(proposal);
  const first = result[0];
  if (named !== undefined && first !== undefined) part.batchEvents.push({ ...named, eventId: first.eventId });
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
