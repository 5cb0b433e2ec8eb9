// What the log says of requests that failed through a fault of ours. A bug comes with its stack, each time; a value that only the database
// refused is a line, as anybody can send one. A database that is away fails every request in the same way: that is one line now and then,
// without a stack, with how many it stands for.

import type { Log } from '../platform/telemetry/log.ts';

/** A request that failed. */
export interface Failure {
  readonly id: string;
  readonly error: unknown;
  readonly fault: 'unchecked' | 'away' | 'bug';
}

/** Writes about failures. */
export type FailureLog = (failure: Failure) => void;

/** An outage is told of this often. */
const awayEveryMs = 10_000;

/** A log of failures. */
export function createFailureLog(log: Log, monotonicMs: () => number): FailureLog {
  let saidAtMs = Number.NEGATIVE_INFINITY;
  let unsaid = 0;
  return ({ id, error, fault }) => {
    if (fault === 'bug') {
      log.error({ id, err: error }, 'request failed');
      return;
    }
    const reason = error instanceof Error ? error.message : String(error);
    if (fault === 'unchecked') {
      log.warn(
        { id, reason },
        'the database refused a value of the request, which should have been checked: answered 400',
      );
      return;
    }
    unsaid += 1;
    const nowMs = monotonicMs();
    if (nowMs - saidAtMs < awayEveryMs) return;
    saidAtMs = nowMs;
    log.error({ id, reason, requests: unsaid }, 'the database cannot answer: requests are refused with 503');
    unsaid = 0;
  };
}
