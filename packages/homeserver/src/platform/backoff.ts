// How long to wait before trying again: doubled each time up to a limit, then spread over its upper half, so that many who failed
// together do not come back together.
import type { Random } from './random.ts';

export interface Backoff {
  /** The next wait in milliseconds. */
  nextMs(): number;
  /** It worked: start again from the first wait. */
  reset(): void;
  /** Waits taken since the last reset. */
  readonly attempts: number;
}

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly random: Random;
}

export function createBackoff({ firstMs, maxMs, random }: BackoffOptions): Backoff {
  let attempts = 0;
  return {
    nextMs: () => {
      // 2 ** 30 is beyond any limit; a larger exponent would only lose digits.
      const fullMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempts, 30));
      attempts += 1;
      return Math.round(fullMs * (0.5 + random.fraction() / 2));
    },
    reset: () => {
      attempts = 0;
    },
    get attempts() {
      return attempts;
    },
  };
}
