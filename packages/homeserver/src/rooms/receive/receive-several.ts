// Events of another server that wait for one room go into one part together, as a transaction or what fills a gap brings them: each
// judged after those before it. Read together is what all of them cite; planned and appended they are one by one. The first that looks at
// what its predecessors have changed ends the part, and comes with the next one.
import { citedIds, clampDepth } from '@pons/spec';
import { authStateKeys } from '../../rules/auth-events.ts';
import type { Queryable } from '../../storage/database.ts';
import { citedEvents, type CitedRow, redactionsOf } from '../../storage/tables/forks.ts';
import type { RedactionTargetRow } from '../../storage/tables/events.ts';
import { type LaneMemory, stateKeyText } from '../lane-memory.ts';
import type { MadeProposal, PartNumbers } from '../make-part.ts';
import { Part } from '../part.ts';
import { appendReceived } from './append-received.ts';
import { planReceived, type ReceivedPlan, stateKeyOf } from './plan-received.ts';
import type { Received } from './receive-outcome.ts';
import type { ResolvePool } from './resolve-somewhere.ts';

/** Events that one part takes: as many as a transaction may have. */
export const receivedPerPartMax = 50;

/** Where they come to. */
export interface ReceivingRoom {
  readonly db: Queryable;
  readonly memory: LaneMemory;
  readonly pool: ResolvePool | undefined;
  readonly serverName: string;
}

/** Plans and appends events, in their order. @returns what became of the first ones, at least of one */
export async function receiveSeveral(
  { db, memory, pool, serverName }: ReceivingRoom,
  events: readonly Received[],
  { nids, keyNids }: PartNumbers,
): Promise<{ readonly part: Part; readonly made: readonly MadeProposal[] }> {
  const targets = new Map<string, RedactionTargetRow>();
  const part = new Part(memory, { keyNids, targets });
  const { rows, early } = await readTogether(db, memory, events);
  const inPart = new Set<string>();
  const made: MadeProposal[] = [];
  for (const received of events) {
    const eventNid = nids.pop() ?? 0;
    const plan = await planReceived({ db, part, eventNid, pool }, received, { rows, early, inPart });
    if (plan === 'later') break;
    if (!('judged' in plan)) {
      made.push({ result: [], received: () => plan });
      continue;
    }
    for (const [id, row] of plan.targets) targets.set(id, row);
    const row = rowOf(part, plan);
    made.push(appendReceived(part, plan, serverName));
    rows.set(row.eventId, row);
    inPart.add(row.eventId);
  }
  return { part, made };
}

async function readTogether(db: Queryable, memory: LaneMemory, events: readonly Received[]) {
  const pdus = events.map(({ checked }) => checked.pdu);
  const ids = events.map(({ checked }) => checked.eventId);
  const cited = pdus.flatMap((pdu) => [...citedIds(pdu.prev_events), ...citedIds(pdu.auth_events)]);
  const found = await citedEvents(db, memory.roomNid, [...new Set([...ids, ...cited])]);
  const early = new Map<string, CitedRow[]>();
  for (const { redacts, ...row } of await redactionsOf(db, memory.roomNid, ids))
    early.set(redacts, [...(early.get(redacts) ?? []), row]);
  await memory.load(
    db,
    pdus.flatMap((pdu) => [
      ...authStateKeys(pdu, memory.rules).map(([type, stateKey]) => ({ type, stateKey })),
      ...stateKeyOf(pdu),
    ]),
  );
  return { rows: new Map(found.map((row) => [row.eventId, row])), early };
}

// As it will be read once it is stored.
function rowOf(part: Part, { judged, eventNid, stands }: ReceivedPlan): CitedRow {
  const { pdu, eventId, json } = judged;
  const [key] = stateKeyOf(pdu);
  return {
    eventNid,
    eventId,
    position: null,
    keyNid: key === undefined ? null : (part.inputs.keyNids.get(stateKeyText(key.type, key.stateKey)) ?? null),
    depth: clampDepth(pdu.depth),
    line: stands?.line ?? 0,
    stateVersion: stands?.stateVersion ?? part.point.stateVersion,
    outlier: stands?.outlier ?? false,
    rejected: judged.outcome === 'rejected',
    softFailed: judged.outcome === 'soft-failed',
    json,
  };
}
