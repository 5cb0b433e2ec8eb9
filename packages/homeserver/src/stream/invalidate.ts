// How all processes forget together: whoever ends a token, an account or changes the application services adds rows to the same
// transaction; every process reads them twice a second. While it cannot, `isCurrent` is false and caches of tokens are not used, so a
// revoked token is dead everywhere within a second, whatever happens. A process that is alone with its database writes and reads none.
import type { Clock, Timer } from '../platform/clock.ts';
import type { Database, Queryable } from '../storage/database.ts';
import {
  type InvalidationKind,
  insertInvalidations,
  invalidationsAfter,
  lastInvalidation,
} from '../storage/tables/invalidations.ts';

export interface Invalidations {
  /** Adds rows to the transaction that ends something; the last thing in it. The caller forgets for itself. */
  invalidate(tx: Queryable, kind: InvalidationKind, keys: readonly string[]): Promise<void>;
  /** Another process (or this one) has invalidated these keys. Must not throw. @returns the way to stop */
  onInvalidated(kind: InvalidationKind, forget: (keys: readonly string[]) => void): () => void;
  /** False while rows of other processes cannot be read. */
  isCurrent(): boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const pollMs = 500;
/** Two polls; a third would be beyond the promised second. */
const currentForMs = 1_000;
const rowsPerPollMax = 1_000;

export interface InvalidationsOptions {
  readonly db: Database;
  readonly clock: Clock;
  /** False: no other process uses this database. */
  readonly shared: boolean;
}

export function createInvalidations({ db, clock, shared }: InvalidationsOptions): Invalidations {
  const listeners = new Map<InvalidationKind, Set<(keys: readonly string[]) => void>>();
  let cursor = 0;
  let currentUntilMs = 0;
  let timer: Timer | undefined;
  let polling: Promise<void> | undefined;
  let stopped = false;

  async function poll(): Promise<void> {
    const startedMs = clock.monotonicMs();
    const rows = await invalidationsAfter(db, cursor, rowsPerPollMax);
    const keysOf = Map.groupBy(rows, (row) => row.kind);
    for (const [kind, found] of keysOf) {
      for (const forget of listeners.get(kind) ?? []) forget(found.map((row) => row.key));
    }
    cursor = rows.at(-1)?.id ?? cursor;
    if (rows.length === rowsPerPollMax) return poll();
    currentUntilMs = startedMs + currentForMs;
  }

  function pollLater(): void {
    timer = clock.setTimer(pollMs, () => {
      polling = poll()
        .catch(() => {}) // away: isCurrent says so in a moment
        .then(() => {
          if (!stopped) pollLater();
        });
    });
  }

  return {
    invalidate: async (tx, kind, keys) => {
      if (shared) await insertInvalidations(tx, kind, keys, clock.now());
    },
    onInvalidated: (kind, forget) => {
      const all = listeners.get(kind) ?? new Set();
      listeners.set(kind, all.add(forget));
      return () => all.delete(forget);
    },
    isCurrent: () => !shared || clock.monotonicMs() < currentUntilMs,
    start: async () => {
      if (!shared) return;
      // Nothing is cached yet, so nothing older has to be forgotten.
      cursor = await lastInvalidation(db);
      await poll();
      pollLater();
    },
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await polling;
    },
  };
}
