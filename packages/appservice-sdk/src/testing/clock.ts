// Time that a test moves: nothing happens until it is told to, and then in order.

import type { Clock } from '../client/clock.ts';

/** A clock that stands still until `advance`. */
export interface FakeClock extends Clock {
  /** Moves time forward and runs what falls due, in order of its time; promises get their turn in between. */
  advance(ms: number): Promise<void>;
}

/** A clock that starts at `startTs`, in milliseconds since 1970. */
export function fakeClock(startTs = 1_700_000_000_000): FakeClock {
  let now = startTs;
  const tasks = new Set<{ at: number; run(): void }>();
  return {
    now: () => now,
    after(ms, run) {
      const task = { at: now + ms, run };
      tasks.add(task);
      return () => void tasks.delete(task);
    },
    async advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = [...tasks].filter((task) => task.at <= end).toSorted((a, b) => a.at - b.at)[0];
        if (!next) break;
        now = next.at;
        tasks.delete(next);
        next.run();
        await new Promise(setImmediate);
      }
      now = end;
      await new Promise(setImmediate);
    },
  };
}
