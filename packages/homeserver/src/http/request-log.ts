// What the log says of requests: failures of ours as errors, slow ones as warnings, the rest at debug level. The path only: query
// strings hold tokens, and bodies are private. Long polls are slow by intention and are left out.

import type { Log } from '../platform/telemetry/log.ts';

/** A request that takes longer deserves a line. */
const SLOW_MS = 5_000;
const waitsOnPurpose = new Set(['sync', 'getEvents', 'joinRoom', 'joinRoomById']);

/** One request, done. */
export interface RequestDone {
  readonly id: string;
  readonly operation: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
  readonly userId: string | undefined;
}

/** Writes the line of a request, if it deserves one. */
export function logRequest(log: Log, done: RequestDone): void {
  const slow = done.durationMs > SLOW_MS && !waitsOnPurpose.has(done.operation);
  if (slow) log.warn(done, 'slow request');
  else log.debug(done, 'request');
}
