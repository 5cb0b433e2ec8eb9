// The routes for operators and probes, listed.

import type { Route } from '../http/route.ts';
import { getHealth, getMetrics, type HealthParts } from './health.ts';
import { getRegistrationNonce, registerBySharedSecret, type SharedSecretParts } from './register.ts';
import { getStatistics, type StatisticsParts } from './statistics.ts';

/** What they are made of. */
export interface AdminApiParts extends HealthParts {
  readonly statistics: StatisticsParts;
  readonly sharedSecret: SharedSecretParts;
  /** `telemetry.metrics` */
  readonly showsMetrics: boolean;
}

/** Every route of the admin API but those of application services. */
export function adminRoutes(parts: AdminApiParts): Route[] {
  return [
    getHealth(parts),
    ...(parts.showsMetrics ? [getMetrics(parts)] : []),
    getStatistics(parts.statistics),
    getRegistrationNonce(parts.sharedSecret),
    registerBySharedSecret(parts.sharedSecret),
  ];
}
