// Every check by its name, in the order in which --all runs them.

import type { Check } from './check.ts';
import { catchup, kill9, poison, replay, retryIdentical, wake } from './checks/delivery.ts';
import { isolation, queryDeadline } from './checks/isolation.ts';
import { botSync, limits, narrowedToken, privacy, thirdParty, txnScope } from './checks/identity.ts';
import { asSync, conformance, e2eeOutage } from './checks/links.ts';
import { ghostsPurge, liveRegistry, metrics, nsLint } from './checks/registry.ts';
import { backfill, echo, ghosts, interest } from './checks/scale.ts';

/** The checks. */
export const checks: Readonly<Record<string, Check>> = {
  isolation,
  kill9,
  'retry-identical': retryIdentical,
  catchup,
  poison,
  wake,
  'e2ee-outage': e2eeOutage,
  'live-registry': liveRegistry,
  'ns-lint': nsLint,
  'txn-scope': txnScope,
  interest,
  echo,
  'as-sync': asSync,
  backfill,
  ghosts,
  metrics,
  replay,
  '3pe': thirdParty,
  'bot-sync': botSync,
  limits,
  privacy,
  'narrowed-token': narrowedToken,
  'query-deadline': queryDeadline,
  'ghosts-purge': ghostsPurge,
  conformance,
};
