// The ground floor: time, chance, log, metrics, traces, threads for what takes long, and the way out to the network.

import { type Clock, systemClock } from '../platform/clock.ts';
import { type CpuPool, createCpuPool } from '../platform/cpu-pool.ts';
import type { Config } from '../platform/config/schema.ts';
import { readFileSync } from 'node:fs';
import { OperatorError } from '../platform/operator-error.ts';
import { createOutbound, type Outbound } from '../platform/outbound-fetch.ts';
import { type Random, systemRandom } from '../platform/random.ts';
import { createLog, type Log } from '../platform/telemetry/log.ts';
import { createMetrics, type Metrics } from '../platform/telemetry/metrics.ts';
import { noTracing, type Tracing } from '../platform/telemetry/trace.ts';

/** What everything above stands on. */
export interface Ground {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly outbound: Outbound;
  /** Threads, which start with the first job. */
  readonly cpuPool: CpuPool;
  stop(): Promise<void>;
}

/** What a caller may bring along instead. */
export interface GroundOptions {
  readonly log?: Log;
  readonly clock?: Clock;
}

/** @throws OperatorError for a certificate that cannot be read */
export async function layGround(config: Config, { log, clock = systemClock }: GroundOptions): Promise<Ground> {
  const { telemetry, federation } = config;
  const { level, file } = telemetry.log;
  const metrics = createMetrics();
  const tracing = await tracingOf(config);
  const outbound = createOutbound(federation.trustedCaFiles.map(readCertificates));
  const cpuPool = createCpuPool();
  return {
    clock,
    random: systemRandom,
    log: log ?? createLog({ level, ...(file === null ? { human: process.stderr.isTTY } : { file }) }),
    metrics,
    tracing,
    outbound,
    cpuPool,
    async stop() {
      metrics.stop();
      await cpuPool.close();
      await outbound.close();
      await tracing.stop();
    },
  };
}

async function tracingOf({ telemetry: { otlpEndpoint }, serverName }: Config): Promise<Tracing> {
  if (otlpEndpoint === null) return noTracing;
  const { createTracing, otlpExporter } = await import('../platform/telemetry/trace-export.ts');
  return createTracing(otlpExporter(otlpEndpoint), serverName);
}

function readCertificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    // Absent or forbidden: the operator's to mend.
    throw new OperatorError([`federation.trusted_ca_files: ${file} cannot be read: ${String(error)}`], {
      cause: error,
    });
  }
}
