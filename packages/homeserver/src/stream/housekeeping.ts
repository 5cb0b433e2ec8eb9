// Work that comes round once an hour and that one process does for all: deleting what nobody can ask for any more. A turn that fails
// or that another process takes is no loss, the next one does the same.
import type { Clock, Timer } from '../platform/clock.ts';
import type { Database } from '../storage/database.ts';
import { purgeClientTransactions, purgeInvalidations } from '../storage/purge.ts';
import type { Leases } from './lease.ts';

const everyMs = 60 * 60_000;
/** A bridge that was down for a holiday may still repeat its requests. */
const clientTransactionsKeptMs = 30 * 24 * 60 * 60_000;
/** Polled every half second; a process that was away longer has started anew. */
const invalidationsKeptMs = 60 * 60_000;

export interface HousekeepingOptions {
  readonly db: Database;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly failed: (error: unknown) => void;
}

export interface Housekeeping {
  start(): void;
  /** One turn now; false when another process has it. */
  run(): Promise<boolean>;
  stop(): Promise<void>;
}

export function createHousekeeping({ db, leases, clock, failed }: HousekeepingOptions): Housekeeping {
  let timer: Timer | undefined;
  let running: Promise<unknown> | undefined;
  let stopped = false;

  async function run(): Promise<boolean> {
    const lease = await leases.take('housekeeping', () => {}); // a second holder deletes the same rows: harmless
    if (lease === undefined) return false;
    try {
      await purgeClientTransactions(db, clock.now() - clientTransactionsKeptMs);
      await purgeInvalidations(db, clock.now() - invalidationsKeptMs);
    } finally {
      await lease.release();
    }
    return true;
  }

  function start(): void {
    timer = clock.setTimer(everyMs, () => {
      running = run()
        .catch(failed)
        .finally(() => {
          if (!stopped) start();
        });
    });
  }

  return {
    start,
    run,
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await running;
    },
  };
}
