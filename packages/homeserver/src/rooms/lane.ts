// One room's lane: proposals wait here, are made into a part, and the part goes to the door. While a part is at the door the next ones
// gather, so a busy room writes many events with one commit, and there is never more than one part of a room under way.
//
//   propose ─▶ waiting ─▶ read what is missing ─▶ build · authorise · append each ─▶ door ─▶ adopt, answer
//                  ▲                                                                   │
//                  └── refused: another process wrote. Refresh by the difference ◀──────┘
//
// The memory is a guess until the door has checked it, so a refusal by the rules is final only once the room is seen to stand where
// we thought. Nobody is told of an event before it is stored; what fails leaves no trace in memory.
import { MatrixError, prevEventsMax } from '@pons/spec';
import type { Clock } from '../platform/clock.ts';
import type { CommitOutcome, Door } from '../storage/commit.ts';
import { type Database, type Queryable, StorageError } from '../storage/database.ts';
import { storedResponse } from '../storage/tables/client-transactions.ts';
import { positionOf, type RedactionTargetRow } from '../storage/tables/events.ts';
import { placeOnChains } from './auth-chains.ts';
import { readBatch } from './batch-ground.ts';
import type { Signer } from './build-pdu.ts';
import { appendBatch } from './import-batch.ts';
import { appendJoins, readJoins } from './join-many.ts';
import type { LaneMemory } from './lane-memory.ts';
import {
  appendProposal,
  contextOf,
  finishProposal,
  type MadeProposal,
  type Numbering,
  type PartNumbers,
  readInputs,
  takeNumbers,
} from './make-part.ts';
import { Part } from './part.ts';
import type { Proposal, ProposalResult } from './proposal.ts';
import { appendPlanned } from './receive/append-received.ts';
import { receivedPerPartMax, receiveSeveral } from './receive/receive-several.ts';
import type { ResolvePool } from './receive/resolve-somewhere.ts';
import { planTie } from './receive/tie-loose-ends.ts';

/** Proposals that may wait for one room. */
const waitingMax = 2_000;
/** Drafts that one part takes; what it reads must fit the memory's cache. */
const draftsPerPartMax = 400;
/** Refusals after which the part is made while all others wait, and after which the caller is told to come back. */
const refusalsBeforeAlone = 3;
const refusalsMax = 10;
const retryAfterMs = 1_000;

/** What lanes work with. */
export interface LaneParts extends Numbering {
  readonly db: Database;
  readonly door: Door;
  readonly clock: Clock;
  readonly signer: Signer;
  /** Where large state resolutions run; absent: here. */
  readonly pool?: ResolvePool;
}

interface Waiting {
  readonly proposal: Proposal;
  readonly resolve: (result: ProposalResult) => void;
  readonly reject: (error: unknown) => void;
}

/** A part as it was made: what is in it, and what the rules refused. */
interface Making {
  readonly part: Part;
  readonly made: ({ readonly waiting: Waiting } & MadeProposal)[];
  readonly refused: { readonly waiting: Waiting; readonly error: MatrixError }[];
  /** Events of other servers that come with the next part. */
  readonly later?: readonly Waiting[];
}

/** What became of it; undefined: there was nothing to write. */
interface Attempt extends Making {
  readonly outcome: CommitOutcome | undefined;
}

/** The lane of one room. */
export class Lane {
  readonly #parts: LaneParts;
  readonly #memory: LaneMemory;
  readonly #waiting: Waiting[] = [];
  #running = false;
  /** Events of other servers that the next part is tried with: twice as many after each that took all of them, one after any other. */
  #together = 1;

  constructor(parts: LaneParts, memory: LaneMemory) {
    this.#parts = parts;
    this.#memory = memory;
  }

  get roomNid(): number {
    return this.#memory.roomNid;
  }

  /** Lets the memory go; the lane is not used after it. */
  close(): void {
    this.#memory.forget();
  }

  /** Nothing waits or is under way. */
  get idle(): boolean {
    return !this.#running;
  }

  /**
   * Makes the events of a proposal and answers once they are stored.
   *
   * @throws MatrixError M_FORBIDDEN when the rules refuse, M_LIMIT_EXCEEDED when the room has too much waiting
   */
  propose(proposal: Proposal): Promise<ProposalResult> {
    if (this.#waiting.length >= waitingMax) return Promise.reject(busy('too much is waiting for this room'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ proposal, resolve, reject });
      if (!this.#running) {
        this.#running = true;
        // Requests that arrived in the same turn of the event loop belong into the same part.
        setImmediate(() => void this.#run());
      }
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      try {
        await this.#store(batch);
      } catch (error) {
        for (const waiting of batch) waiting.reject(error);
      }
    }
    this.#running = false;
  }

  #take(): Waiting[] {
    if (this.#waiting[0]?.proposal.received !== undefined) return this.#takeReceived();
    let drafts = 0;
    let count = 0;
    for (const { proposal } of this.#waiting) {
      drafts += proposal.drafts.length;
      // A batch is a part of its own: it stands on what is stored, and it is large.
      // So is any event where the room has more loose ends than one can follow.
      const { batch, joins, received } = proposal;
      const isAlone = batch !== undefined || joins !== undefined || received !== undefined || this.#isFrayed;
      if (count > 0 && (drafts > draftsPerPartMax || isAlone)) break;
      if (isAlone) return this.#waiting.splice(0, 1);
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  #takeReceived(): Waiting[] {
    const first = this.#waiting.slice(0, this.#together);
    const other = first.findIndex(({ proposal }) => proposal.received === undefined);
    return this.#waiting.splice(0, other === -1 ? first.length : other);
  }

  // Settles every proposal of the batch; throws only what concerns all that are not settled yet.
  async #store(batch: readonly Waiting[]): Promise<void> {
    let pending = batch;
    for (let refusals = 0; pending.length > 0; ) {
      if (refusals > refusalsMax) throw busy('this room is being written to by others');
      const attempt = await this.#attempt(pending, refusals);
      if (attempt === undefined) return;
      const { part, made, refused, outcome, later = [] } = attempt;
      if (outcome?.outcome === 'refused') {
        refusals += 1;
        await this.#memory.refresh(this.#parts.db);
        continue;
      }
      if (outcome?.outcome === 'stored') {
        if (!part.isEmpty) part.adopt(outcome.first + part.positions - 1);
        for (const { waiting, ...one } of made) waiting.resolve(positioned(one, outcome.first));
      }
      for (const { waiting, error } of refused) await this.#settleRefused(waiting, error);
      if (later.length > 0) this.#waiting.unshift(...later);
      if (outcome === undefined || outcome.outcome === 'stored') return;
      const repeated = made.find(({ transactionAt }) => transactionAt === outcome.index);
      if (repeated === undefined) throw new Error('the door names a client transaction that the part does not have');
      pending = made.flatMap(({ waiting }) => (waiting === repeated.waiting ? [] : waiting));
      repeated.waiting.resolve(await this.#answered(outcome.response));
    }
  }

  // undefined: the part failed and its proposals were settled one by one.
  async #attempt(pending: readonly Waiting[], refusals: number): Promise<Attempt | undefined> {
    const { db, door } = this.#parts;
    const numbers = await takeNumbers(
      this.#parts,
      pending.map(({ proposal }) => proposal),
    );
    try {
      if (refusals >= refusalsBeforeAlone) {
        let making: Making | undefined;
        const outcome = await door.commitAlone(async (tx) => {
          await this.#memory.refresh(tx);
          making = await this.#make(pending, { ...numbers, newKeys: new Set() }, tx);
          return isNothing(making) ? undefined : making.part.toCommit();
        });
        if (making === undefined) throw new Error('the door wrote nothing and asked for nothing');
        return { ...making, outcome: outcome ?? withoutWriting(making) };
      }
      const making = await this.#make(pending, numbers, db);
      // The rules refused by what the memory says: if that is stale, they are asked again.
      if (making.refused.length > 0 && (await this.#memory.refresh(db))) {
        return { ...making, outcome: { outcome: 'refused' } };
      }
      const outcome = isNothing(making) ? withoutWriting(making) : await door.commit(making.part.toCommit());
      return { ...making, outcome };
    } catch (error) {
      await this.#memory.refresh(db);
      // Whether something was stored is known only where PostgreSQL itself refused the rows, or where it is looked at anyway.
      const isReceived = pending[0]?.proposal.received !== undefined;
      if (pending.length === 1 || !(isReceived || isRowError(error))) throw error;
      for (const waiting of pending) await this.#store([waiting]).catch((own: unknown) => waiting.reject(own));
      return undefined;
    }
  }

  async #make(pending: readonly Waiting[], numbers: PartNumbers, db: Queryable): Promise<Making> {
    const { batch, joins, received } = pending[0]?.proposal ?? {};
    const [first] = pending;
    if (received !== undefined) return this.#receive(pending, numbers, db);
    const tied =
      first !== undefined && this.#isFrayed && first.proposal.drafts.length === 1
        ? await this.#tie(first, numbers, db)
        : undefined;
    if (tied !== undefined) return tied;
    const ground = batch === undefined ? undefined : await readBatch(db, this.#memory, batch);
    const { keyNids, newKeys } = numbers;
    if (joins !== undefined) await readJoins(db, this.#memory, joins, newKeys);
    const targets =
      ground?.targets ??
      (await readInputs(
        db,
        this.#memory,
        pending.map(({ proposal }) => proposal),
        newKeys,
      ));
    // What a batch sets it has read: it makes a line of its own.
    const part = new Part(this.#memory, { keyNids, targets, ...(ground === undefined ? { newKeys } : {}) });
    const making = { nids: [...numbers.nids], now: this.#parts.clock.now(), signer: this.#parts.signer };
    const made: Making['made'] = [];
    const refused: Making['refused'] = [];
    for (const waiting of pending) {
      const mark = part.mark();
      try {
        const { proposal } = waiting;
        if (ground !== undefined) made.push({ waiting, ...appendBatch(part, proposal, ground, making) });
        else if (joins !== undefined) made.push({ waiting, ...(await appendJoins(part, proposal, joins, making)) });
        else made.push({ waiting, ...appendProposal(part, proposal, making) });
      } catch (error) {
        if (!(error instanceof MatrixError)) throw error;
        part.rewind(mark);
        refused.push({ waiting, error });
      }
    }
    await placeOnChains(part, db);
    return { part, made, refused };
  }

  // More loose ends than one event may follow.
  get #isFrayed(): boolean {
    return this.#memory.point.extremities.length > prevEventsMax;
  }

  async #tie(waiting: Waiting, { nids, keyNids }: PartNumbers, db: Queryable): Promise<Making | undefined> {
    const { proposal } = waiting;
    const [draft] = proposal.drafts;
    const { pool, signer, clock } = this.#parts;
    const making = { now: clock.now(), signer };
    if (draft === undefined) throw new Error('a proposal without an event');
    try {
      const targets = new Map<string, RedactionTargetRow>();
      const part = new Part(this.#memory, { keyNids, targets });
      const plan = await planTie({ db, part, eventNid: nids[0] ?? 0, pool }, draft, making);
      if (plan === undefined) return undefined;
      for (const [id, row] of plan.targets) targets.set(id, row);
      const at = appendPlanned(part, plan, { serverName: signer.serverName, ...contextOf(proposal) });
      const made = finishProposal(part, proposal, [{ eventId: plan.judged.eventId, at }], making);
      await placeOnChains(part, db);
      return { part, made: [{ waiting, ...made }], refused: [] };
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
      return { part: new Part(this.#memory, { keyNids, targets: new Map() }), made: [], refused: [{ waiting, error }] };
    }
  }

  async #receive(pending: readonly Waiting[], numbers: PartNumbers, db: Queryable): Promise<Making> {
    const { pool, signer } = this.#parts;
    const room = { db, memory: this.#memory, pool, serverName: signer.serverName };
    const events = pending.flatMap(({ proposal }) => proposal.received ?? []);
    const { part, made } = await receiveSeveral(room, events, { ...numbers, nids: [...numbers.nids] });
    await placeOnChains(part, db);
    const later = pending.slice(made.length);
    this.#together = later.length > 0 ? 1 : Math.min(receivedPerPartMax, Math.max(2 * pending.length, this.#together));
    return { part, made: made.flatMap((one, at) => ({ waiting: pending[at] as Waiting, ...one })), refused: [], later };
  }

  // The rules refused, but a request that was answered before is answered the same again.
  async #settleRefused(waiting: Waiting, error: MatrixError): Promise<void> {
    const { clientTransaction } = waiting.proposal;
    const response =
      clientTransaction === undefined
        ? undefined
        : await storedResponse(this.#parts.db, clientTransaction, this.roomNid);
    if (response === undefined) waiting.reject(error);
    else waiting.resolve(await this.#answered(response));
  }

  async #answered(response: string): Promise<ProposalResult> {
    const { event_id: eventId } = JSON.parse(response) as { event_id: string };
    const position = await positionOf(this.#parts.db, this.roomNid, eventId);
    return { events: [{ eventId, position: position ?? 0 }] };
  }
}

function isNothing({ made, part }: Making): boolean {
  return made.length === 0 || part.isEmpty;
}

// What was known already is answered all the same.
function withoutWriting({ made }: Making): CommitOutcome | undefined {
  return made.length === 0 ? undefined : { outcome: 'stored', first: 0 };
}

function positioned({ result, refused, received }: MadeProposal, first: number): ProposalResult {
  const events = result.map(({ eventId, at }) => ({ eventId, position: first + at }));
  if (received !== undefined) return { events, received: received(first) };
  return refused === undefined ? { events } : { events, refused };
}

function busy(why: string): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', `Try again in a second: ${why}.`, {
    status: 503,
    fields: { retry_after_ms: retryAfterMs },
  });
}

// Class 22 (data), 23 (constraints) and 54 (limits): the rows are at fault, and nothing was stored.
function isRowError(error: unknown): boolean {
  return error instanceof StorageError && /^(21|22|23|54)/.test(error.code);
}
