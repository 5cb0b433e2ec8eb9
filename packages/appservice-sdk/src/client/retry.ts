// Tries a call again where that can help: no answer, a rate limit, a server in trouble. Bounded in attempts and in time; the waiting
// grows, is shaken so that many callers do not return in step, and never undercuts what the server asked for.

import type { Call } from './call.ts';
import { CallError, isTransient } from './call-error.ts';
import { type Clock, sleep } from './clock.ts';

/** First waiting time; doubled each time. */
const WAIT_FIRST_MS = 250;
const WAIT_MAX_MS = 15_000;
const ATTEMPTS_MAX = 8;
/** A server that asks for more than this is answered by failing: whoever called has a queue of its own. */
const SERVER_WAIT_MAX_MS = 60_000;

/** The waiting time before attempt `attempt` (2, 3, …), in milliseconds, with up to half of it by chance. */
export function backoffMs(attempt: number, random: number, longestMs: number = WAIT_MAX_MS): number {
  const full = Math.min(longestMs, WAIT_FIRST_MS * 2 ** Math.min(attempt - 2, 30));
  return full / 2 + (full / 2) * random;
}

/** A call that tries again where it may, until `signal` aborts. A POST without `idempotent` is sent again only after a rate limit, which did nothing. */
export function withRetry(call: Call, outside: { clock: Clock; random: () => number; signal?: AbortSignal }): Call {
  return async (request) => {
    const again = request.idempotent ?? request.method !== 'POST';
    for (let attempt = 1; ; attempt++) {
      try {
        return await call(request);
      } catch (error) {
        if (!(error instanceof CallError) || !isTransient(error) || attempt >= ATTEMPTS_MAX) throw error;
        if (!again && error.status !== 429) throw error;
        const asked = error.retryAfterMs ?? 0;
        if (asked > SERVER_WAIT_MAX_MS) throw error;
        const signal = AbortSignal.any([outside.signal, request.signal].filter((one) => one !== undefined));
        const waited = await sleep(outside.clock, Math.max(asked, backoffMs(attempt + 1, outside.random())), signal);
        if (!waited) throw error;
      }
    }
  };
}
