// How many people use the server, for Prometheus: read from the database when somebody asks, and the same in each process.

import { Gauge, type Registry } from 'prom-client';
import type { ActiveUsers } from '../accounts/active-users.ts';

/** Registers the metric. */
export function observeActiveUsers(registry: Registry, users: Pick<ActiveUsers, 'counts'>): void {
  new Gauge({
    name: 'pons_active_users',
    help: 'People who have used this server today, yesterday (UTC), in the last 30 days; without users of application services.',
    labelNames: ['period'],
    registers: [registry],
    async collect() {
      // The database is away: nothing is said of them, and the other metrics are.
      const counts = await users.counts().catch(() => undefined);
      this.reset();
      for (const [period, count] of Object.entries(counts ?? {})) this.set({ period }, count);
    },
  });
}
