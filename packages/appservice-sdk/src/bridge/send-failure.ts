// Why something could not be sent to the network, in the kit's own words: thrown by `c.fail`, told in the room by status/.

import type { Failure } from './network.ts';

/** A send that failed. */
export class SendFailure extends Error {
  override readonly name = 'SendFailure';
  readonly why: Failure;
  readonly retryAfterMs: number | undefined;

  constructor(why: Failure, text: string, retryAfterMs?: number) {
    super(text);
    this.why = why;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Whether the same send may succeed later. */
export function mayRetry(error: unknown): error is SendFailure {
  return error instanceof SendFailure && (error.why === 'rate' || error.why === 'try-again');
}
