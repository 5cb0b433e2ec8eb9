// What the background check finds, for Prometheus and the log.

import { Gauge } from 'prom-client';
import type { Finding } from '../storage/check.ts';
import { createDatabaseChecks, type DatabaseChecks } from '../stream/check-database.ts';
import type { Ground } from './ground.ts';
import type { Storage } from './open-storage.ts';
import type { Stream } from './stream.ts';

/** The check, reporting. */
export function composeDatabaseChecks(
  { clock, log, metrics }: Ground,
  { connection }: Pick<Storage, 'connection'>,
  { leases }: Pick<Stream, 'leases'>,
): DatabaseChecks {
  const registers = [metrics.registry];
  const faults = new Gauge({
    name: 'pons_database_faults',
    help: 'Places found by the last check of this process where the tables do not agree, 20 of each kind at most.',
    registers,
  });
  const checked = new Gauge({
    name: 'pons_database_checked_timestamp_seconds',
    help: 'When this process last finished a check; 0: another one does it, or none has been yet.',
    registers,
  });
  return createDatabaseChecks({
    connection,
    leases,
    clock,
    found(findings: readonly Finding[]) {
      faults.set(findings.length);
      checked.set(clock.now() / 1_000);
      for (const { rule, where } of findings) log.error({ rule, where }, 'the database does not agree with itself');
    },
    failed: (error) => log.warn({ err: error }, 'checking the database'),
  });
}
