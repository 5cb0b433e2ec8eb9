// GET /_pons/admin/v1/statistics: what the console's first page shows.

import { ponsEndpoints } from '@pons/spec/endpoints';
import type { Route } from '../http/route.ts';

/** Counted in the database. Large tables are estimated. */
export interface StoredCounts {
  readonly rooms: number;
  readonly users: number;
  readonly events: number;
  /** Latest stream position. */
  readonly position: number;
}

/** Where the figures come from. */
export interface StatisticsParts {
  readonly serverName: string;
  readonly version: string;
  readonly counts: () => Promise<StoredCounts>;
  /** People who used the server, in days of UTC. */
  readonly activeUsers: () => Promise<{ readonly today: number; readonly yesterday: number; readonly month: number }>;
  readonly uptimeMs: () => number;
  readonly eventLoopLagP99Ms: () => number;
  readonly memoryBytes: () => number;
}

/** GET /_pons/admin/v1/statistics */
export function getStatistics(parts: StatisticsParts): Route {
  return {
    endpoint: ponsEndpoints.getStatistics,
    async handle() {
      const { rooms, users, events, position } = await parts.counts();
      const { today, yesterday, month } = await parts.activeUsers();
      return {
        json: {
          server_name: parts.serverName,
          version: parts.version,
          uptime_ms: Math.round(parts.uptimeMs()),
          rooms,
          users,
          active_users: { today, yesterday, month },
          events,
          position,
          event_loop_lag_p99_ms: parts.eventLoopLagP99Ms(),
          memory_bytes: parts.memoryBytes(),
        },
      };
    },
  };
}
