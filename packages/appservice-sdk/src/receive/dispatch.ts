// Hands stored transactions to the program's listeners, in order, and finishes each when all of its listeners have: an async listener
// is waited for, so what it had not done at a crash is handed to it again. Several transactions may be under way, up to a bound.

import type { EventEmitter } from 'node:events';
import { type Clock, sleep } from '../client/clock.ts';
import type { Log } from '../log.ts';
import type { Store, StoredTransaction } from '../store/store.ts';
import { type MatrixEvent, readTransaction } from './transaction.ts';

/** Transactions whose listeners may be at work at once; the next waits in the store. */
const UNDER_WAY_MAX = 8;
/** A listener that takes longer is no longer waited for: it must not hold up the others for ever. */
const LISTENER_TIMEOUT_MS = 10 * 60_000;

/** The queue between the store and the listeners. */
export interface Dispatcher {
  add(row: StoredTransaction): void;
  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void>;
  /** Starts nothing more; what is stored is handed out again at the next start. */
  stop(): void;
}

/** What the dispatcher works with. */
export interface DispatchParts {
  readonly emitter: EventEmitter;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Sees each event before the program does, and is waited for. */
  before(event: MatrixEvent): Promise<void>;
}

/** A dispatcher; it begins as soon as something is added. */
export function createDispatcher(parts: DispatchParts): Dispatcher {
  const waiting: StoredTransaction[] = [];
  const underWay = new Set<Promise<void>>();
  const stopping = { now: false };
  let turning = false;
  const turn = async (): Promise<void> => {
    if (turning) return;
    turning = true;
    for (let row = waiting.shift(); row && !stopping.now; row = waiting.shift()) {
      const current = row;
      // The events of one transaction begin after those of the one before have begun; they may end in any order.
      const started = await begin(parts, current);
      const done: Promise<void> = finish(parts, current, started, stopping).finally(() => underWay.delete(done));
      underWay.add(done);
      if (underWay.size >= UNDER_WAY_MAX) await Promise.race(underWay);
    }
    turning = false;
  };
  return {
    add(row) {
      waiting.push(row);
      void turn();
    },
    async idle() {
      while (turning || underWay.size > 0) {
        await Promise.all(underWay);
        await new Promise(setImmediate);
      }
    },
    stop() {
      stopping.now = true;
    },
  };
}

async function begin(parts: DispatchParts, row: StoredTransaction): Promise<Promise<boolean>[]> {
  const { events, ephemeral, toDevice } = readTransaction(JSON.parse(row.body));
  const started: Promise<boolean>[] = [];
  for (const event of events) {
    await parts.before(event);
    started.push(...emit(parts, 'event', event), ...emit(parts, `type:${event.type}`, event));
  }
  for (const event of ephemeral)
    started.push(...emit(parts, 'ephemeral', event), ...emit(parts, `ephemeral_type:${event.type}`, event));
  for (const event of toDevice)
    started.push(...emit(parts, 'to_device', event), ...emit(parts, `to_device_type:${event.type}`, event));
  return started;
}

async function finish(
  parts: DispatchParts,
  row: StoredTransaction,
  started: readonly Promise<boolean>[],
  stopping: { readonly now: boolean },
): Promise<void> {
  if (started.length > 0) {
    const enough = new AbortController();
    const settled = Promise.all(started).then((succeeded) => (succeeded.includes(false) ? 'failed' : 'done'));
    const late = sleep(parts.clock, LISTENER_TIMEOUT_MS, enough.signal).then(() => 'late' as const);
    const outcome = await Promise.race([settled, late]);
    enough.abort();
    // A listener that failed because we stop is called again at the next start.
    if (outcome === 'failed' && stopping.now) return;
    if (outcome === 'late') parts.log.warn('a listener takes too long and is no longer waited for', { seq: row.seq });
  }
  await parts.store.finish(row.seq).catch((error: unknown) => {
    // The transaction is handed out again after a restart; listeners see its events twice.
    parts.log.error('a handled transaction could not be marked as such', { seq: row.seq, error: String(error) });
  });
}

/** Calls the listeners as `emit` would, but keeps whether they succeed; a failure is logged and stops nobody else. */
function emit(parts: DispatchParts, name: string, event: MatrixEvent): Promise<boolean>[] {
  return parts.emitter.rawListeners(name).map(async (listener) => {
    try {
      await listener.call(parts.emitter, event);
      return true;
    } catch (error) {
      // Listeners of other people's programs: whatever they throw must not undo the transaction.
      const text = error instanceof Error ? error.stack : String(error);
      parts.log.error('a listener failed', { listener: name, event_id: event.event_id, error: text });
      return false;
    }
  });
}
