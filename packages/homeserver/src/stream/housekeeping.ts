// Work that comes round once an hour and that one process does for all: deleting what nobody can ask for any more. A turn that fails
// or that another process takes is no loss, the next one does the same.
import { schedule, type ScheduledTask } from 'node-cron';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../storage/database.ts';
import {
  purgeActiveUsers,
  purgeClaimedKeys,
  purgeClientTransactions,
  purgeDeviceListChanges,
  purgeEphemeralEvents,
  purgeInvalidations,
  purgeOrphanInterest,
} from '../storage/purge.ts';
import { monthDays } from '../storage/tables/active-users.ts';
import type { Leases } from './lease.ts';

const dayMs = 86_400_000;
/** Cron expression: off the full hour, when everybody else's jobs run. */
const turns = '17 * * * *';
/** A bridge that was down for a holiday may still repeat its requests. */
const clientTransactionsKeptMs = 30 * 24 * 60 * 60_000;
/** Polled every half second; a process that was away longer has started anew. */
const invalidationsKeptMs = 60 * 60_000;

/** A device that repeats an upload does so within minutes; one that was switched off in between, when it is found again. */
const claimedKeysKeptMs = 30 * 24 * 60 * 60_000;

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
  let task: ScheduledTask | undefined;
  let running: Promise<unknown> | undefined;

  async function run(): Promise<boolean> {
    const lease = await leases.take('housekeeping', () => {}); // a second holder deletes the same rows: harmless
    if (lease === undefined) return false;
    try {
      await purgeClientTransactions(db, clock.now() - clientTransactionsKeptMs);
      await purgeInvalidations(db, clock.now() - invalidationsKeptMs);
      await purgeClaimedKeys(db, clock.now() - claimedKeysKeptMs);
      await purgeDeviceListChanges(db);
      await purgeEphemeralEvents(db, clock.now());
      await purgeActiveUsers(db, Math.floor(clock.now() / dayMs) - monthDays);
      await purgeOrphanInterest(db);
    } finally {
      await lease.release();
    }
    return true;
  }

  function start(): void {
    task = schedule(
      turns,
      () => {
        running = run().catch(failed);
        return running;
      },
      { name: 'housekeeping', noOverlap: true },
    );
  }

  return {
    start,
    run,
    stop: async () => {
      await task?.destroy();
      await running;
    },
  };
}
