// What Prometheus reads at /metrics: requests by operation, the lag of the event loop, and what other parts register themselves
// (the door its batches, each application service its queue). One registry per homeserver, so that two in one process do not meet.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of one homeserver. */
export interface Metrics {
  /** Where other parts register their own. */
  readonly registry: Registry;
  /** The observer of one operation: called with status and duration of each request. */
  http(operation: string): (status: number, seconds: number) => void;
  /** Event-loop lag of the last while (at least what happened since the call before, at most some 10 s), in milliseconds. */
  eventLoopLag(): { p50Ms: number; p99Ms: number; maxMs: number };
  /** The text format of Prometheus. */
  text(): Promise<string>;
  readonly contentType: string;
  stop(): void;
}

/** Half a millisecond (a read from memory) to half a minute (a long poll). */
const SECONDS_BUCKETS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30];
/** Several read the lag (Prometheus, the console, a bench): none takes it away from the others before this has passed. */
const LAG_WINDOW_MS = 10_000;
/** Resolution of the lag's measurement, in milliseconds. */
const LAG_RESOLUTION_MS = 10;

/** Metrics, counting from now. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const requests = new Histogram({
    name: 'pons_http_request_seconds',
    help: 'Duration of HTTP requests by operation and class of status.',
    labelNames: ['operation', 'status'],
    buckets: SECONDS_BUCKETS,
    registers: [registry],
  });
  const delay = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  delay.enable();
  let windowFromMs = performance.now();
  const eventLoopLag = () => {
    // The histogram counts the timer's own interval in: what is above it is lag.
    const lag = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - LAG_RESOLUTION_MS);
    const figures = { p50Ms: lag(delay.percentile(50)), p99Ms: lag(delay.percentile(99)), maxMs: lag(delay.max) };
    if (performance.now() - windowFromMs > LAG_WINDOW_MS) {
      delay.reset();
      windowFromMs = performance.now();
    }
    return figures;
  };
  registerProcess(registry, eventLoopLag);
  return {
    registry,
    http(operation) {
      const byClass = [1, 2, 3, 4, 5].map((digit) => requests.labels(operation, `${digit}xx`));
      return (status, seconds) => byClass[Math.floor(status / 100) - 1]?.observe(seconds);
    },
    eventLoopLag,
    text: () => registry.metrics(),
    contentType: registry.contentType,
    stop: () => delay.disable(),
  };
}

function registerProcess(registry: Registry, eventLoopLag: Metrics['eventLoopLag']): void {
  new Gauge({
    name: 'pons_event_loop_lag_seconds',
    help: 'Lag of the event loop since the last reading.',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      const { p50Ms, p99Ms, maxMs } = eventLoopLag();
      this.set({ quantile: '0.5' }, p50Ms / 1000);
      this.set({ quantile: '0.99' }, p99Ms / 1000);
      this.set({ quantile: '1' }, maxMs / 1000);
    },
  });
  new Gauge({
    name: 'pons_process_resident_bytes',
    help: 'Resident memory of the Node process.',
    registers: [registry],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'pons_process_cpu_seconds',
    help: 'CPU time that the Node process has used.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.set((user + system) / 1e6);
    },
  });
}
