// Sends to one application service: freezes the next transaction, sends it until it is accepted, records that with the next freeze.
//
//   feed ──freeze N+1──▶ appservice_transactions ──PUT same bytes──▶ 2xx
//            │ one statement: body N+1, cursor, counts of interest, transaction N gone
//
// One in flight, in order, and nobody else waits for it. A transaction that is refused for its content is split: its id is retired, its
// first half is frozen anew and the rest goes back to the head of the feed, down to the single event, which is set aside.
// https://spec.matrix.org/v1.19/application-service-api/#pushing-events

import type { Appservice } from '../appservices/registry.ts';
import { type Backoff, createBackoff } from '../platform/backoff.ts';
import { sleep, type Timer } from '../platform/clock.ts';
import { failpoint } from '../platform/failpoint.ts';
import type { Random } from '../platform/random.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Tracing } from '../platform/telemetry/trace.ts';
import { type CursorStep, type IdleStep, writeStep } from '../storage/tables/appservice-cursors.ts';
import { nextReplay } from '../storage/tables/appservice-set-aside.ts';
import { frozenBody } from '../storage/tables/appservice-transactions.ts';
import { howManyFit, transactionBody, transactionBytesMax, transactionEventsMax } from './build-transaction.ts';
import type { CallAppservice } from './call-appservice.ts';
import type { Feed, WaitingEvent } from './feed.ts';
import type { DelivererStart, DeliveryStatus, FrozenTransaction } from './delivery-state.ts';
import { isWell } from './ping.ts';

import { freshTexts, type RereadParts, rereadAt } from './reread-events.ts';
import { attemptSpacingMs, firstWaitMs, longestWaitMs, remedyFor } from './recover.ts';
import { type SendOutcome, sendTransaction } from './send-transaction.ts';

export interface DelivererParts extends RereadParts {
  readonly random: Random;
  readonly log: Log;
  readonly tracing: Tracing;
  readonly call: CallAppservice;
  readonly timeoutMs: number;
  /** The feed has room again. */
  readonly onDrained: () => void;
  /** Somebody else has moved the cursor: this deliverer is to be thrown away and opened anew. */
  readonly onOvertaken: (appserviceId: string) => void;
}

/** A transaction is not made smaller than what a single event may be. */
const smallestBytesMax = 65_536;
/** While this many events come with each transaction, the next begins this long after the one before: half as many for 5 ms of delay. */
const busyEvents = 4;
const busySpacingMs = 5;
/** Between two tries to write to a database that is away: it is back soon, and the application service is not to blame. */
const databaseRetryMs = 1_000;

/** Delivery to one application service. */
export class Deliverer {
  readonly feed: Feed;
  readonly #appservice: Appservice;
  readonly #parts: DelivererParts;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  #nextTxnId: number;
  #cursor: number;
  #frozen: FrozenTransaction | undefined;
  #done: number | undefined;
  #paused: boolean;
  #replays = true;
  #running: Promise<void> | undefined;
  #again = false;
  #ending = false;
  #waiting: { readonly timer: Timer; readonly end: () => void } | undefined;
  #lastAttemptMs = Number.NEGATIVE_INFINITY;
  #tries = 0;
  #bytesMax = transactionBytesMax;
  #probe: { readonly eventsMax: number; readonly upTo: number } | undefined;
  #lastError: DeliveryStatus['lastError'];
  #delivered = { events: 0, transactions: 0, bytes: 0, position: 0, txnId: 0, last: 0 };

  constructor(feed: Feed, start: DelivererStart, parts: DelivererParts) {
    this.feed = feed;
    this.#appservice = feed.appservice;
    this.#parts = parts;
    this.#nextTxnId = start.nextTxnId;
    this.#cursor = start.position;
    this.#frozen = start.frozen;
    this.#paused = start.paused;
    this.#delivered.position = Math.min(start.position, ...(start.frozen?.positions ?? []).map((at) => at - 1));
    this.#backoff = createBackoff({ firstMs: firstWaitMs, maxMs: longestWaitMs, random: parts.random });
  }

  /** Something may have to be done: never waits, never loses a call. */
  kick(): void {
    this.#again = true;
    if (this.#running !== undefined || this.#stop.signal.aborted || this.#ending || this.#paused) return;
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
    this.#replays = true;
    this.kick();
  }

  /** The step that an idle cursor is owed, if any. */
  idleStep(): IdleStep | undefined {
    if (this.#running !== undefined || this.#frozen !== undefined || !this.feed.isEmpty) return undefined;
    const position = this.feed.readPosition;
    if (position <= this.#cursor && this.#done === undefined) return undefined;
    return {
      appserviceId: this.#appservice.id,
      nextTxnId: this.#nextTxnId,
      position: Math.max(position, this.#cursor),
      done: this.#done ?? 0,
    };
  }

  /** An idle step was written. */
  idleWritten({ position, done }: IdleStep): void {
    this.#cursor = Math.max(this.#cursor, position);
    if (this.#done === done) this.#done = undefined;
  }

  /** Ends after the attempt in flight; one that takes longer than `withinMs` is given up, its bytes are sent again at the next start. */
  async stop(withinMs: number): Promise<void> {
    this.#ending = true;
    this.#waiting?.end();
    const timer = this.#parts.clock.setTimer(withinMs, () => this.#stop.abort());
    await this.#running;
    timer.cancel();
    this.#stop.abort();
  }

  status(): DeliveryStatus {
    const { events } = this.feed;
    const oldestMs = this.#frozen === undefined ? undefined : this.#parts.clock.now() - this.#frozen.createdTs;
    const waitingMs = events[0] === undefined ? undefined : this.#parts.clock.monotonicMs() - events[0].readAtMs;
    return {
      state: this.#state(),
      waitingEvents: events.length + (this.#frozen?.positions.length ?? 0),
      waitingBytes: this.feed.bytes,
      oldestUnacknowledgedMs: oldestMs ?? waitingMs,
      inFlight: this.#frozen?.txnId,
      retries: this.#tries,
      lastError: this.#lastError,
      acknowledgedPosition: this.#delivered.position,
      acknowledgedTxnId: this.#delivered.txnId,
      deliveredEvents: this.#delivered.events,
      deliveredTransactions: this.#delivered.transactions,
      deliveredBytes: this.#delivered.bytes,
      readPosition: this.feed.readPosition,
    };
  }

  #state(): DeliveryStatus['state'] {
    if (this.#paused) return 'paused';
    if (this.#tries > 0) return 'recovering';
    return this.#frozen === undefined && this.feed.isEmpty ? 'idle' : 'up';
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted && !this.#ending && !this.#paused) {
      this.#again = false;
      try {
        await this.#gather();
        this.#frozen ??= (await this.#freezeReplay()) ?? (await this.#freezeNext());
        if (this.#frozen === undefined) return;
        await this.#attempt(this.#frozen);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        // The database: what was to be written is still waiting, so nothing is lost by doing the same again later.
        this.#parts.log.warn({ err: error, appservice: this.#appservice.id }, 'delivery could not be written');
        await this.#wait(databaseRetryMs);
      }
    }
  }

  // A transaction costs a commit and a call, however few events are in it.
  async #gather(): Promise<void> {
    const { clock } = this.#parts;
    const isFull = !this.feed.atHead || this.feed.events.length >= transactionEventsMax;
    if (this.#frozen !== undefined || isFull || this.#delivered.last < busyEvents) return;
    const leftMs = this.#lastAttemptMs + busySpacingMs - clock.monotonicMs();
    if (leftMs > 0) await sleep(clock, leftMs, this.#stop.signal);
  }

  async #attempt(frozen: FrozenTransaction): Promise<void> {
    const body = frozen.body ?? (await frozenBody(this.#parts.db, this.#appservice.id, frozen.txnId));
    if (body === undefined) return this.#overtaken();
    const spans = frozen.traces.map((trace) => this.#parts.tracing.span('client', 'appservice transaction', trace));
    this.#lastAttemptMs = this.#parts.clock.monotonicMs();
    const outcome = await sendTransaction(this.#parts.call, {
      appservice: this.#appservice,
      txnId: frozen.txnId,
      body,
      timeoutMs: this.#parts.timeoutMs,
      signal: this.#stop.signal,
    });
    await failpoint('as.afterPut');
    for (const span of spans) span?.end(outcome.outcome === 'accepted' ? undefined : outcome.reason);
    if (outcome.outcome === 'accepted') return this.#accepted(frozen, body.length);
    if (!this.#stop.signal.aborted) await this.#refused(frozen, outcome, body.length);
  }

  #accepted(frozen: FrozenTransaction, bytes: number): void {
    this.#frozen = undefined;
    this.#done = frozen.txnId;
    this.#tries = 0;
    this.#backoff.reset();
    this.#delivered = {
      events: this.#delivered.events + frozen.positions.length,
      transactions: this.#delivered.transactions + 1,
      bytes: this.#delivered.bytes + bytes,
      position: Math.max(this.#delivered.position, frozen.positions.at(-1) ?? 0),
      txnId: frozen.txnId,
      last: frozen.positions.length,
    };
    if (this.#probe !== undefined && (frozen.positions.at(-1) ?? 0) >= this.#probe.upTo) this.#probe = undefined;
    if (!this.feed.atHead) this.#parts.onDrained();
  }

  async #refused(
    frozen: FrozenTransaction,
    refusal: Exclude<SendOutcome, { outcome: 'accepted' }>,
    bytes: number,
  ): Promise<void> {
    const { clock, log } = this.#parts;
    this.#tries += 1;
    this.#lastError = { reason: refusal.reason, ts: clock.now() };
    if (this.#tries === 1)
      log.warn({ appservice: this.#appservice.id, txnId: frozen.txnId, reason: refusal.reason }, 'not accepted');
    const { status } = refusal;
    const remedy = remedyFor({ status, tries: this.#tries, probing: this.#probe !== undefined });
    const split =
      remedy === 'split' ||
      (remedy === 'ping-first' &&
        (await isWell({ call: this.#parts.call, clock, timeoutMs: this.#parts.timeoutMs }, this.#appservice)));
    if (split) {
      if (status === 413) this.#bytesMax = Math.max(smallestBytesMax, Math.min(this.#bytesMax, bytes >> 1));
      await this.#split(frozen, refusal.reason);
      return;
    }
    frozen.body = undefined;
    await this.#wait(this.#backoff.nextMs());
  }

  async #split(frozen: FrozenTransaction, reason: string): Promise<void> {
    const { positions } = frozen;
    const last = positions.at(-1) ?? 0;
    this.#tries = 0;
    // Typing and receipts are not worth a second look: without them it may pass.
    if (positions.length === 0) {
      if (await this.#write({ position: this.#cursor, done: frozen.txnId })) this.#frozen = undefined;
      return;
    }
    if (positions.length === 1 && !frozen.hasEphemeral) {
      const setAside = { positions, reason, createdTs: this.#parts.clock.now() };
      if (!(await this.#write({ position: this.#cursor, done: frozen.txnId, setAside }))) return;
      this.#parts.log.warn({ appservice: this.#appservice.id, position: last, reason }, 'an event was set aside');
      this.#probe = undefined;
      this.#frozen = undefined;
      return;
    }
    const events = await rereadAt(this.#parts, positions);
    const half = Math.ceil(events.length / 2);
    // The cursor goes back to the first half: if we are killed now, the rest is read from the stream again.
    const next = await this.#freeze(events.slice(0, half), [], {
      position: positions.length === 1 ? this.#cursor : (events[half - 1]?.position ?? this.#cursor),
      done: frozen.txnId,
    });
    if (next === undefined) return;
    this.feed.putBack(events.slice(half));
    this.#probe = { eventsMax: half, upTo: Math.max(last, this.#probe?.upTo ?? 0) };
    this.#frozen = next;
  }

  async #freezeReplay(): Promise<FrozenTransaction | undefined> {
    if (!this.#replays) return undefined;
    const position = await nextReplay(this.#parts.db, this.#appservice.id);
    this.#replays = position !== undefined;
    if (position === undefined) return undefined;
    // One at a time: it was alone when it was refused, and its place in the stream is long past.
    const events = await rereadAt(this.#parts, [position]);
    return this.#freeze(events, [], { position: this.#cursor, replayed: [position] });
  }

  async #freezeNext(): Promise<FrozenTransaction | undefined> {
    const { feed } = this;
    const ephemeral = feed.ephemeral();
    const count = howManyFit(feed.events, {
      eventsMax: this.#probe?.eventsMax ?? transactionEventsMax,
      bytesMax: this.#bytesMax,
    });
    if (count === 0 && ephemeral.length === 0) return undefined;
    const events = await freshTexts(this.#parts, feed.events.slice(0, count));
    // Rows that concern nobody are passed as well, as far as the next that waits.
    const position = feed.events.length > count ? (events.at(-1)?.position ?? this.#cursor) : feed.readPosition;
    const frozen = await this.#freeze(events, ephemeral, { position });
    if (frozen === undefined) return undefined;
    feed.take(count);
    feed.ephemeralTaken(ephemeral);
    return frozen;
  }

  async #freeze(
    events: readonly WaitingEvent[],
    ephemeral: ReturnType<Feed['ephemeral']>,
    step: Pick<CursorStep, 'position' | 'done' | 'replayed'>,
  ): Promise<FrozenTransaction | undefined> {
    const txnId = this.#nextTxnId;
    const body = transactionBody(
      this.#appservice,
      events.map(({ text }) => text),
      ephemeral,
    );
    const positions = events.map((event) => event.position);
    const createdTs = this.#parts.clock.now();
    if (!(await this.#write({ ...step, frozen: { txnId, body, positions, createdTs } }))) return undefined;
    this.#nextTxnId = txnId + 1;
    await failpoint('as.afterFreeze');
    const traces = this.#parts.tracing.enabled ? events.flatMap(({ trace }) => (trace === null ? [] : [trace])) : [];
    return { txnId, positions, createdTs, body, hasEphemeral: ephemeral.length > 0, traces };
  }

  async #write(step: Omit<CursorStep, 'appserviceId' | 'nextTxnId' | 'counts'>): Promise<boolean> {
    const { feed } = this;
    const done = step.done ?? this.#done;
    const written = await writeStep(this.#parts.db, {
      ...step,
      appserviceId: this.#appservice.id,
      nextTxnId: this.#nextTxnId,
      counts: feed.countsUpTo(step.position),
      ...(done === undefined ? {} : { done }),
    });
    if (!written) {
      this.#overtaken();
      return false;
    }
    this.#done = undefined;
    this.#cursor = step.position;
    feed.countedAt = Math.max(feed.countedAt, step.position);
    feed.countsWritten(step.position);
    return true;
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
      if (this.#stop.signal.aborted || this.#ending || this.#paused) return resolve();
      this.#waiting = { end, timer: this.#parts.clock.setTimer(ms, end) };
    });
  }
}
