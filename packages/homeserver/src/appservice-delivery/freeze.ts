// Makes the next transaction of one application service and keeps its cursor. What is written is one statement each time, so a kill at any
// moment leaves a place from where the same goes on:
//
//   rest ──▶ replay ──▶ feed ──▶ freeze N ──▶ sent … accepted ──▶ freeze N+1 (and N gone)
//    ▲                              │ refused for its content
//    └──────── second half ◀────── split: N gone, first half frozen as N+1
//
// The cursor never goes back. What a split leaves over is `rest`, by position, in the cursor's row: it goes first, whatever has become of
// the interest in it meanwhile. A single event that is refused is set aside.

import type { Appservice, AppserviceRegistry } from '../appservices/registry.ts';
import { failpoint } from '../platform/failpoint.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Tracing } from '../platform/telemetry/trace.ts';
import { type CursorStep, type IdleStep, writeStep } from '../storage/tables/appservice-cursors.ts';
import { nextReplay } from '../storage/tables/appservice-set-aside.ts';
import {
  howManyFit,
  transactionBody,
  transactionBytesMax,
  transactionEventsMax,
  withoutReplaced,
} from './build-transaction.ts';
import type { DelivererStart, FrozenTransaction } from './delivery-state.ts';
import { deviceExtensions } from './device-extensions.ts';
import type { Feed, Passing, WaitingExtra, WaitingItem } from './feed.ts';
import type { ReadReplay } from './replay-events.ts';
import { freshTexts, type RereadParts, rereadItemsAt } from './reread-events.ts';
import type { SharedRoomsParts } from './shared-rooms.ts';

export interface FreezerParts extends RereadParts, SharedRoomsParts {
  readonly db: RereadParts['db'];
  readonly registry: AppserviceRegistry;
  readonly log: Log;
  readonly tracing: Tracing;
  readonly readReplay: ReadReplay;
  /** An event is left out because of its age. */
  readonly onTooOld: (position: number) => void;
  /** Writes which were, before the cursor passes them; undefined when there is nothing to write. */
  readonly keepTooOld: () => Promise<void> | undefined;
  /** Somebody else has moved the cursor, or has a later lease. */
  readonly onOvertaken: () => void;
}

/** A transaction is not made smaller than what a single event may be. */
const smallestBytesMax = 65_536;
/** Places of the stream that are read for a transaction to become full, where little of it is of interest. */
const gatheredPositionsMax = 10_000;

type Step = Pick<CursorStep, 'position' | 'done' | 'replayed' | 'replay' | 'setAside'> & {
  readonly rest?: readonly number[];
};

/** The cursor of one application service, and what it freezes. */
export class Freezer {
  readonly #feed: Feed;
  readonly #parts: FreezerParts;
  readonly #fence: number;
  #nextTxnId: number;
  #cursor: number;
  #rest: readonly number[];
  #done: FrozenTransaction | undefined;
  #replays = true;
  #bytesMax: number;
  #probe: { readonly eventsMax: number; readonly upTo: number } | undefined;
  /** Events set aside for this application service. */
  setAside: number;

  constructor(feed: Feed, { cursor, fence, setAside }: DelivererStart, parts: FreezerParts) {
    this.#feed = feed;
    this.#parts = { ...parts, appservice: feed.appservice };
    this.#fence = fence;
    this.#nextTxnId = cursor.nextTxnId;
    this.#cursor = cursor.position;
    this.#rest = cursor.rest;
    this.#bytesMax = feed.appservice.registration.pons.limits.bytes ?? transactionBytesMax;
    this.setAside = setAside;
    const last = cursor.rest.at(-1);
    if (last !== undefined) this.#probe = { eventsMax: Math.max(1, cursor.rest.length >> 1), upTo: last };
  }

  /** It sends the halves of what was refused. */
  get isProbing(): boolean {
    return this.#probe !== undefined;
  }

  /** Items that a split left over. */
  get restLength(): number {
    return this.#rest.length;
  }

  /** Something was asked to be sent again. */
  checkReplays(): void {
    this.#replays = true;
  }

  /** The next transaction, frozen; undefined when nothing waits, or more of what waits is being read. */
  async next(): Promise<FrozenTransaction | undefined> {
    return (await this.#nextOfRest()) ?? (await this.#nextReplay()) ?? (await this.#nextOfFeed());
  }

  /** It was accepted; written with the next freeze, or by `settle`. */
  accepted(frozen: FrozenTransaction): void {
    this.#done = frozen;
    if (this.#probe !== undefined && this.#rest.length === 0 && (frozen.positions.at(-1) ?? 0) >= this.#probe.upTo)
      this.#probe = undefined;
  }

  /** Messages to devices are deleted when they were accepted, not when something else comes; all else may wait for an idle step. */
  async settle(): Promise<void> {
    if (this.#done !== undefined && this.#done.toDevice.length > 0) await this.record();
  }

  /** Records what was accepted, without anything new. */
  async record(): Promise<void> {
    if (this.#done !== undefined) await this.#write({ position: this.#cursor });
  }

  /**
   * It is the content that is refused: retires the transaction and freezes its first half, or sets its only event aside.
   *
   * @returns the half, if there is one
   */
  async split(frozen: FrozenTransaction, refusal: { status: number; reason: string; bytes: number }) {
    if (refusal.status === 413)
      this.#bytesMax = Math.max(smallestBytesMax, Math.min(this.#bytesMax, refusal.bytes >> 1));
    const { positions } = frozen;
    const items = await rereadItemsAt(this.#parts, positions);
    const [only] = items;
    // Typing and presence are not worth a second look: without them the rest may pass. What was replaced meanwhile comes again at its new place.
    if (only === undefined || (items.length === 1 && only.kind === 'ephemeral' && !frozen.hasPassing)) {
      await this.#write({ position: this.#cursor, done: frozen.txnId });
      return undefined;
    }
    if (positions.length === 1 && !frozen.hasPassing) {
      await this.#setAside(frozen, refusal.reason);
      return undefined;
    }
    const half = Math.ceil(items.length / 2);
    const rest = [...items.slice(half).map(({ position }) => position), ...this.#rest];
    const next = await this.#freeze(items.slice(0, half), [], { position: this.#cursor, done: frozen.txnId, rest });
    if (next !== undefined)
      this.#probe = { eventsMax: half, upTo: Math.max(positions.at(-1) ?? 0, this.#probe?.upTo ?? 0) };
    return next;
  }

  /** The step that an idle cursor is owed, if any. */
  idleStep(): IdleStep | undefined {
    const position = Math.max(this.#feed.readPosition, this.#cursor);
    if (this.#rest.length > 0 || (position === this.#cursor && this.#done === undefined)) return undefined;
    return {
      appserviceId: this.#feed.appservice.id,
      fence: this.#fence,
      nextTxnId: this.#nextTxnId,
      position,
      done: this.#done?.txnId ?? 0,
      counts: this.#feed.countsUpTo(position),
    };
  }

  /** An idle step was written. */
  idleWritten({ position, done }: IdleStep): void {
    this.#cursor = Math.max(this.#cursor, position);
    if (this.#done?.txnId === done) this.#done = undefined;
    this.#feed.countsWritten(position);
  }

  get #limits() {
    const { limits } = this.#feed.appservice.registration.pons;
    const eventsMax = this.#probe?.eventsMax ?? limits.events ?? transactionEventsMax;
    return { eventsMax, bytesMax: this.#bytesMax };
  }

  async #setAside(frozen: FrozenTransaction, reason: string): Promise<void> {
    const { positions } = frozen;
    const setAside = { positions, reason, createdTs: this.#parts.clock.now() };
    if (!(await this.#write({ position: this.#cursor, done: frozen.txnId, setAside }))) return;
    this.setAside += 1;
    if (this.#rest.length === 0) this.#probe = undefined;
    const { id: appservice } = this.#feed.appservice;
    this.#parts.log.warn({ appservice, position: positions[0], reason }, 'an event was set aside');
    await failpoint('as.afterSetAside');
  }

  async #nextOfRest(): Promise<FrozenTransaction | undefined> {
    while (this.#rest.length > 0) {
      const items = await rereadItemsAt(this.#parts, this.#rest);
      const count = howManyFit(items, this.#limits);
      const step = { position: this.#cursor, rest: items.slice(count).map(({ position }) => position) };
      if (count > 0) return this.#freeze(items.slice(0, count), [], step);
      if (!(await this.#write(step))) return undefined;
    }
    return undefined;
  }

  async #nextReplay(): Promise<FrozenTransaction | undefined> {
    while (this.#replays) {
      const next = await nextReplay(this.#parts.db, this.#feed.appservice.id);
      if (next !== undefined && next.position !== null) {
        // One at a time: it was alone when it was refused, and its place in the stream is long past.
        const items = await rereadItemsAt(this.#parts, [next.position]);
        const step = { position: this.#cursor, replayed: [next.position] };
        const frozen = items.length === 0 ? undefined : await this.#freeze(items, [], step);
        if (frozen === undefined && (items.length > 0 || !(await this.#write(step)))) return undefined;
        this.setAside = Math.max(0, this.setAside - 1);
        if (frozen !== undefined) return frozen;
      } else if (next === undefined || next.after >= next.upTo) this.#replays = false;
      else {
        const { items, upTo } = await this.#parts.readReplay(this.#feed, next);
        const count = howManyFit(items, this.#limits);
        const to = count < items.length ? (items[count - 1]?.position ?? upTo) : upTo;
        const step = { position: this.#cursor, replay: { from: next.after, to } };
        if (count > 0) return this.#freeze(items.slice(0, count), [], step);
        if (!(await this.#write(step))) return undefined;
      }
    }
    return undefined;
  }

  async #nextOfFeed(): Promise<FrozenTransaction | undefined> {
    const feed = this.#feed;
    this.#dropExpired();
    if (this.#isGathering()) return undefined;
    const passing = feed.passing();
    const count = howManyFit(feed.items, this.#limits);
    if (count === 0 && passing.length === 0) return undefined;
    const items = await freshTexts(this.#parts, feed.items.slice(0, count));
    // Rows that concern nobody are passed as well, as far as the next that waits.
    const position = feed.items.length > count ? (items.at(-1)?.position ?? this.#cursor) : feed.readPosition;
    const frozen = await this.#freeze(items, passing, { position });
    if (frozen === undefined) return undefined;
    feed.take(count);
    feed.passingTaken(passing);
    return frozen;
  }

  // A feed that catches up has more to come, so its transactions are full ones. At the head nothing is waited for.
  #isGathering(): boolean {
    const { items, events, atHead, hasRoom, readPosition } = this.#feed;
    const [first] = items;
    if (atHead || !hasRoom || first === undefined || readPosition - first.position > gatheredPositionsMax) return false;
    return events < this.#limits.eventsMax && howManyFit(items, this.#limits) === items.length;
  }

  // Too old by now, although they were not when they were read.
  #dropExpired(): void {
    const now = this.#parts.clock.now();
    if (this.#feed.hasEphemeral) this.#feed.drop((item) => item.kind === 'ephemeral' && hasEnded(item, now));
    const { maxAgeMs } = this.#feed.appservice.registration.pons.filters;
    if (maxAgeMs === undefined) return;
    const oldestTs = now - maxAgeMs;
    const dropped = this.#feed.drop((item) => item.kind === 'event' && item.originServerTs < oldestTs);
    for (const { position } of dropped) this.#parts.onTooOld(position);
  }

  async #freeze(
    waiting: readonly WaitingItem[],
    passing: readonly Passing[],
    step: Step,
  ): Promise<FrozenTransaction | undefined> {
    const { appservice } = this.#feed;
    const items = withoutReplaced(waiting);
    const txnId = this.#nextTxnId;
    const body = transactionBody({
      items,
      passing: passing.map(([, text]) => text),
      devices: await deviceExtensions(this.#parts, appservice, items),
    });
    const positions = items.flatMap((item) => (item.kind === 'event' || item.isUnsent !== true ? [item.position] : []));
    const createdTs = this.#parts.clock.now();
    if (!(await this.#write({ ...step, frozen: { txnId, body, positions, createdTs } }))) return undefined;
    this.#nextTxnId = txnId + 1;
    await failpoint('as.afterFreeze');
    const events = items.flatMap((item) => (item.kind === 'event' ? [item] : []));
    return {
      txnId,
      positions,
      createdTs,
      body,
      bytes: body.length,
      events: events.length,
      hasPassing: passing.length > 0,
      toDevice: items.flatMap((item) =>
        item.kind === 'toDevice' ? [{ position: item.position, userId: item.userId }] : [],
      ),
      traces: this.#parts.tracing.enabled ? events.flatMap(({ trace }) => (trace === null ? [] : [trace])) : [],
    };
  }

  async #write(step: Step & Pick<CursorStep, 'frozen'>): Promise<boolean> {
    const feed = this.#feed;
    const done = step.done ?? this.#done?.txnId;
    const rest = step.rest ?? this.#rest;
    const kept = this.#parts.keepTooOld();
    if (kept !== undefined) await kept;
    const written = await writeStep(this.#parts.db, {
      ...step,
      rest,
      appserviceId: feed.appservice.id,
      fence: this.#fence,
      nextTxnId: this.#nextTxnId,
      counts: feed.countsUpTo(step.position),
      ...(done === undefined ? {} : { done }),
      ...(this.#done === undefined || this.#done.toDevice.length === 0
        ? {}
        : { toDevice: this.#ownToDevice(this.#done) }),
    });
    if (!written) {
      this.#parts.onOvertaken();
      return false;
    }
    this.#done = undefined;
    this.#rest = rest;
    this.#cursor = step.position;
    feed.countedAt = Math.max(feed.countedAt, step.position);
    feed.countsWritten(step.position);
    return true;
  }

  // A message is deleted by the application service that has the user for itself and says that it encrypts by what it is sent here, and only
  // after all others that were told of it. Any other stays until the device has it by /sync: receipts and typing are asked for by many whose
  // bot reads its messages there. MSC4203 leaves open when a message is deleted; one read twice does no harm, one lost is a room key.
  #ownToDevice({ toDevice }: FrozenTransaction): NonNullable<CursorStep['toDevice']> {
    const others = new Set<string>();
    const positions = toDevice.flatMap(({ position, userId }) => {
      // One without a url that gets this transaction has connected by itself.
      const readers = this.#parts.registry
        .ofUser(userId)
        .filter(({ id, registration }) => registration.url !== null || id === this.#feed.appservice.id);
      if (!readers.some((reader) => reader.namespaces.user(userId) === 'exclusive' && readsToDeviceHere(reader)))
        return [];
      for (const { id } of readers) if (id !== this.#feed.appservice.id) others.add(id);
      return [position];
    });
    return { positions, others: [...others] };
  }
}

// Nobody has use for it any more. A receipt never ends.
function hasEnded({ expiresTs }: WaitingExtra, now: number): boolean {
  return expiresTs !== undefined && expiresTs <= now;
}

// MSC4203 has no key of its own; who asks for what else belongs to encryption (MSC3202) has no use for /sync.
function readsToDeviceHere({ registration }: Appservice): boolean {
  return registration.deviceExtensions;
}
