// Sends to one application service: what is frozen next (freeze.ts), until it is accepted; that is recorded with the next freeze.
//
//   feed ──freeze N+1──▶ appservice_transactions ──PUT same bytes──▶ 2xx
//            │ one statement: body N+1, cursor, counts of interest, transaction N gone
//
// One in flight, in order, and nobody else waits for it. A refused transaction is tried again later, with the same bytes, or split where
// it is the content that is refused (recover.ts says which).
// https://spec.matrix.org/v1.19/application-service-api/#pushing-events

import type { Appservice } from '../appservices/registry.ts';
import { type Backoff, createBackoff } from '../platform/backoff.ts';
import { sleep, type Timer } from '../platform/clock.ts';
import { failpoint } from '../platform/failpoint.ts';
import type { Random } from '../platform/random.ts';
import type { IdleStep } from '../storage/tables/appservice-cursors.ts';
import { frozenBody } from '../storage/tables/appservice-transactions.ts';
import { transactionEventsMax } from './build-transaction.ts';
import type { CallAppservice } from './call-appservice.ts';
import type { DelivererStart, DeliveryStatus, FrozenTransaction } from './delivery-state.ts';
import { faultOf } from './fault.ts';
import type { Feed } from './feed.ts';
import { Freezer, type FreezerParts } from './freeze.ts';
import { isWell } from './ping.ts';
import type { RecentTransactions } from './recent-transactions.ts';
import { attemptSpacingMs, firstWaitMs, longestWaitMs, remedyFor } from './recover.ts';
import { refusalInFull, type Refused, sendTransaction } from './send-transaction.ts';
import { traceAttempt } from './trace-attempt.ts';

export interface DelivererParts extends Omit<FreezerParts, 'onOvertaken'> {
  readonly random: Random;
  readonly call: CallAppservice;
  readonly timeoutMs: number;
  /** Told of each attempt, for operators who look. */
  readonly recent: RecentTransactions;
  /** Whether there is a way to it now. */
  readonly isReached: () => boolean;
  /** The feed has room again. */
  readonly onDrained: () => void;
  /** How far the stream is known to have grown. */
  readonly grownTo: () => number;
  /** Somebody else has moved the cursor: this deliverer is to be thrown away and opened anew. */
  readonly onOvertaken: (appserviceId: string) => void;
}

/** While this many events come with each transaction, the next begins this long after the one before: half as many for 5 ms of delay. */
const busyEvents = 4;
const busySpacingMs = 5;
/** Typing and presence alone do not make a transaction more often than this. */
const passingSpacingMs = 100;
/** Between two tries to write to a database that is away: it is back soon, and the application service is not to blame. */
const databaseRetryMs = 1_000;

/** Delivery to one application service. */
export class Deliverer {
  readonly feed: Feed;
  readonly #appservice: Appservice;
  readonly #parts: DelivererParts;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #freezer: Freezer;
  #frozen: FrozenTransaction | undefined;
  #paused: boolean;
  #running: Promise<void> | undefined;
  #again = false;
  #ending = false;
  #endGathering: (() => void) | undefined;
  #waiting: { readonly timer: Timer; readonly end: () => void } | undefined;
  #lastAttemptMs = Number.NEGATIVE_INFINITY;
  #tries = 0;
  /** Of the database, in a row; the first is logged. */
  #failures = 0;
  #lastError: DeliveryStatus['lastError'];
  #delivered = { events: 0, transactions: 0, bytes: 0, position: 0, txnId: 0, last: 0 };

  constructor(feed: Feed, start: DelivererStart, parts: DelivererParts) {
    this.feed = feed;
    this.#appservice = feed.appservice;
    this.#parts = parts;
    const { cursor, frozen } = start;
    this.#freezer = new Freezer(feed, start, { ...parts, onOvertaken: () => this.#overtaken() });
    this.#frozen = frozen;
    this.#paused = cursor.paused;
    this.#delivered.position = Math.min(
      cursor.position,
      ...[...cursor.rest, ...(frozen?.positions ?? [])].map((at) => at - 1),
    );
    this.#backoff = createBackoff({ firstMs: firstWaitMs, maxMs: longestWaitMs, random: parts.random });
  }

  /** Something may have to be done: never waits, never loses a call. */
  kick(): void {
    this.#again = true;
    if (this.feed.items.length > 0) this.#endGathering?.();
    if (this.#running !== undefined || this.#stop.signal.aborted || this.#ending || this.#isHeld) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      if (this.#again) this.kick();
    });
  }

  /** The application service shows that it is there: try at once. */
  wake(): void {
    if (this.#waiting === undefined) return;
    const { timer, end } = this.#waiting;
    this.#backoff.reset();
    timer.cancel();
    const sinceMs = this.#parts.clock.monotonicMs() - this.#lastAttemptMs;
    this.#waiting = { end, timer: this.#parts.clock.setTimer(Math.max(0, attemptSpacingMs - sinceMs), end) };
  }

  /** Sends no more, or again. What is in flight is finished. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#waiting?.end();
    this.kick();
  }

  /** Events that were set aside are to be sent again. */
  checkReplays(): void {
    this.#freezer.checkReplays();
    this.kick();
  }

  /** Stopped, paused or away, with more waiting: what was accepted is recorded all the same. */
  async record(): Promise<void> {
    const rests = this.#running === undefined && (this.#isHeld || this.#ending);
    if (rests && this.#frozen === undefined) await this.#freezer.record();
  }

  /** The step that an idle cursor is owed, if any. */
  idleStep(): IdleStep | undefined {
    const isIdle = this.#running === undefined && this.#frozen === undefined && this.feed.isEmpty;
    return isIdle ? this.#freezer.idleStep() : undefined;
  }

  /** An idle step was written. */
  idleWritten(step: IdleStep): void {
    this.#freezer.idleWritten(step);
  }

  /** Ends after the attempt in flight; one that takes longer than `withinMs` is given up, its bytes are sent again at the next start. */
  async stop(withinMs: number): Promise<void> {
    this.#ending = true;
    this.#endGathering?.();
    this.#waiting?.end();
    const timer = this.#parts.clock.setTimer(withinMs, () => this.#stop.abort());
    await this.#running;
    timer.cancel();
    this.#stop.abort();
  }

  status(): DeliveryStatus {
    const { items, readPosition } = this.feed;
    const oldestMs = this.#frozen === undefined ? undefined : this.#parts.clock.now() - this.#frozen.createdTs;
    const waitingMs = items[0] === undefined ? undefined : this.#parts.clock.monotonicMs() - items[0].readAtMs;
    return {
      state: this.#state(),
      waitingEvents: items.length + this.#freezer.restLength + (this.#frozen?.positions.length ?? 0),
      waitingBytes: this.feed.bytes + (this.#frozen?.bytes ?? 0),
      unreadPositions: Math.max(0, this.#parts.grownTo() - readPosition),
      oldestUnacknowledgedMs: oldestMs ?? waitingMs,
      inFlight: this.#frozen?.txnId,
      retries: this.#tries,
      lastError: this.#lastError,
      acknowledgedPosition: this.#delivered.position,
      acknowledgedTxnId: this.#delivered.txnId,
      deliveredEvents: this.#delivered.events,
      deliveredTransactions: this.#delivered.transactions,
      deliveredBytes: this.#delivered.bytes,
      readPosition,
      setAside: this.#freezer.setAside,
    };
  }

  /** Nothing is sent, however much waits. */
  get #isHeld(): boolean {
    return this.#paused || !this.#parts.isReached();
  }

  #state(): DeliveryStatus['state'] {
    if (this.#paused) return 'paused';
    if (!this.#parts.isReached()) return 'disconnected';
    if (this.#tries > 0) return 'recovering';
    return this.#frozen === undefined && this.feed.isEmpty && this.#freezer.restLength === 0 ? 'idle' : 'up';
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted && !this.#ending && !this.#isHeld) {
      this.#again = false;
      try {
        await this.#gather();
        this.#frozen ??= await this.#freezer.next();
        if (this.#frozen === undefined) {
          if (!this.feed.atHead) this.#parts.onDrained();
          return await this.#freezer.settle();
        }
        await this.#attempt(this.#frozen);
        this.#failures = 0;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        // The database: what was to be written is still waiting, so nothing is lost by doing the same again later.
        const { id: appservice } = this.#appservice;
        if (this.#failures === 0)
          this.#parts.log.warn({ ...faultOf(error), appservice }, 'delivery could not be written');
        this.#failures += 1;
        await this.#wait(databaseRetryMs);
      }
    }
  }

  // A transaction costs a commit and a call, however few events are in it.
  async #gather(): Promise<void> {
    const { clock } = this.#parts;
    const { items, isEmpty, atHead } = this.feed;
    if (this.#frozen !== undefined || this.#freezer.restLength > 0) return;
    if (items.length === 0 && !isEmpty) return this.#gatherPassing();
    // One that catches up has full transactions anyway (freeze.ts).
    if (!atHead || items.length >= transactionEventsMax || this.#delivered.last < busyEvents) return;
    const leftMs = this.#lastAttemptMs + busySpacingMs - clock.monotonicMs();
    if (leftMs > 0) await sleep(clock, leftMs, this.#stop.signal);
  }

  // Typing and presence may wait a little; what comes meanwhile and has a position does not.
  async #gatherPassing(): Promise<void> {
    const leftMs = this.#lastAttemptMs + passingSpacingMs - this.#parts.clock.monotonicMs();
    if (leftMs <= 0) return;
    const early = new AbortController();
    this.#endGathering = () => early.abort();
    await sleep(this.#parts.clock, leftMs, AbortSignal.any([this.#stop.signal, early.signal]));
    this.#endGathering = undefined;
  }

  async #attempt(frozen: FrozenTransaction): Promise<void> {
    const body = frozen.body ?? (await frozenBody(this.#parts.db, this.#appservice.id, frozen.txnId));
    if (body === undefined) return this.#overtaken();
    const traced = traceAttempt(this.#parts.tracing, {
      ...frozen,
      appserviceId: this.#appservice.id,
      attempt: this.#tries + 1,
    });
    const { clock, recent } = this.#parts;
    this.#lastAttemptMs = clock.monotonicMs();
    recent.attempt(frozen, body, clock.now());
    const outcome = await sendTransaction(this.#parts.call, {
      appservice: this.#appservice,
      txnId: frozen.txnId,
      body,
      timeoutMs: this.#parts.timeoutMs,
      signal: this.#stop.signal,
    });
    recent.answered(frozen.txnId, outcome, clock.now());
    await failpoint('as.afterPut');
    traced(outcome);
    if (outcome.outcome === 'accepted') return this.#accepted(frozen, body.length);
    if (!this.#stop.signal.aborted) await this.#refused(frozen, outcome, body.length);
  }

  #accepted(frozen: FrozenTransaction, bytes: number): void {
    this.#frozen = undefined;
    this.#freezer.accepted(frozen);
    this.#tries = 0;
    this.#backoff.reset();
    this.#delivered = {
      events: this.#delivered.events + frozen.events,
      transactions: this.#delivered.transactions + 1,
      bytes: this.#delivered.bytes + bytes,
      position: Math.max(this.#delivered.position, frozen.positions.at(-1) ?? 0),
      txnId: frozen.txnId,
      last: frozen.positions.length,
    };
    if (!this.feed.atHead) this.#parts.onDrained();
  }

  async #refused(frozen: FrozenTransaction, refusal: Refused, bytes: number): Promise<void> {
    const { clock, log } = this.#parts;
    this.#tries += 1;
    const reason = refusalInFull(refusal);
    this.#lastError = { reason, ts: clock.now() };
    if (this.#tries === 1)
      log.warn({ appservice: this.#appservice.id, txnId: frozen.txnId, reason: refusal.reason }, 'not accepted');
    const { status } = refusal;
    const remedy = remedyFor({ status, tries: this.#tries, probing: this.#freezer.isProbing });
    const split =
      remedy === 'split' ||
      (remedy === 'ping-first' &&
        (await isWell({ call: this.#parts.call, clock, timeoutMs: this.#parts.timeoutMs }, this.#appservice)));
    if (split) {
      // Its transaction is gone then, whatever took its place.
      this.#parts.recent.divided(frozen.txnId);
      this.#frozen = await this.#freezer.split(frozen, { status, reason, bytes });
      this.#tries = 0;
      return;
    }
    frozen.body = undefined;
    await this.#wait(this.#backoff.nextMs());
  }

  #overtaken(): void {
    this.#stop.abort();
    this.#parts.onOvertaken(this.#appservice.id);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.#waiting?.timer.cancel();
        this.#waiting = undefined;
        resolve();
      };
      if (this.#stop.signal.aborted || this.#ending || this.#isHeld) return resolve();
      this.#waiting = { end, timer: this.#parts.clock.setTimer(ms, end) };
    });
  }
}
