// The check of the database (storage/check.ts) at leisure: once a day, one room at a time, by one process for all, resting four times as long
// as it works. What it finds is logged and counted for the metrics until the next round; nothing is mended.

import { schedule, type ScheduledTask } from 'node-cron';
import { type Clock, sleep } from '../platform/clock.ts';
import { checkAtLeisure, type Finding } from '../storage/check.ts';
import type { ConnectionTarget } from '../storage/connection.ts';
import type { Leases } from './lease.ts';

/** Cron expression: at night, off the full hour. */
const rounds = '43 3 * * *';
/** Time at rest for each at work. */
const restFactor = 4;
const restMsMax = 10_000;

export interface DatabaseChecksOptions {
  readonly connection: ConnectionTarget;
  readonly leases: Leases;
  readonly clock: Clock;
  /** Told at the end of each round of this process. */
  readonly found: (findings: readonly Finding[]) => void;
  readonly failed: (error: unknown) => void;
}

export interface DatabaseChecks {
  start(): void;
  /** One round now; false when another process is at it, or when it was stopped. */
  run(): Promise<boolean>;
  stop(): Promise<void>;
}

export function createDatabaseChecks(options: DatabaseChecksOptions): DatabaseChecks {
  const { connection, leases, clock, found, failed } = options;
  const stopping = new AbortController();
  let task: ScheduledTask | undefined;
  let running: Promise<unknown> | undefined;

  async function run(): Promise<boolean> {
    let isLost = false;
    const lease = await leases.take('database-check', () => (isLost = true));
    if (lease === undefined) return false;
    try {
      let sinceMs = clock.monotonicMs();
      const findings = await checkAtLeisure(connection, async () => {
        await sleep(clock, Math.min(restMsMax, restFactor * (clock.monotonicMs() - sinceMs)), stopping.signal);
        sinceMs = clock.monotonicMs();
        return !isLost && !stopping.signal.aborted;
      });
      if (findings === undefined) return false;
      found(findings);
      return true;
    } finally {
      await lease.release();
    }
  }

  return {
    run,
    start() {
      task = schedule(
        rounds,
        () => {
          running = run().catch(failed);
          return running;
        },
        { name: 'database-check', noOverlap: true },
      );
    },
    async stop() {
      stopping.abort();
      await task?.destroy();
      await running;
    },
  };
}
