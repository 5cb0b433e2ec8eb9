// Waiting for what programs of others do in their own time: looked at again and again, with a limit that ends what hangs.

import { setTimeout as pause } from 'node:timers/promises';

const pollMs = 100;
/** Generous: it measures nothing, and the machine may be busy. */
const withinMs = 120_000;

/** The first answer that is neither undefined nor false. @throws Error naming `what` when there is none in time */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const answer = await look();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > until) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await pause(pollMs);
  }
}
