// How many people use the server, for Prometheus: read from the database when somebody asks, and the same in each process.

import { Gauge } from 'prom-client';
import type { ActiveUsers } from '../accounts/active-users.ts';
import type { Clock } from '../platform/clock.ts';
import type { Ground } from './ground.ts';

/** A database that does not answer within this keeps nobody from the other metrics. */
const answeredWithinMs = 1_000;

/** Registers the metric. */
export function observeActiveUsers(
  { clock, metrics }: Pick<Ground, 'clock' | 'metrics'>,
  users: Pick<ActiveUsers, 'counts'>,
): void {
  new Gauge({
    name: 'pons_active_users',
    help: 'People who have used this server today, yesterday (UTC), in the last 30 days; without users of application services.',
    labelNames: ['period'],
    registers: [metrics.registry],
    async collect() {
      // The database is away: nothing is said of them.
      const counts = await inTime(clock, users.counts()).catch(() => undefined);
      this.reset();
      for (const [period, count] of Object.entries(counts ?? {})) this.set({ period }, count);
    },
  });
}

function inTime<T>(clock: Clock, asked: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(answeredWithinMs, () => resolve(undefined));
    void asked.then(resolve, reject).finally(() => timer.cancel());
  });
}
