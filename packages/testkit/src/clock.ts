// A clock whose hands a test turns. Timers fire in the order of their time, inside `advance`, and what they set in turn fires too
// when it is due; between two timers the promises that wait are given their turn.
import type { Clock } from '../../homeserver/src/platform/clock.ts';

export interface FakeClock extends Clock {
  /** Moves the time forward and fires what is due. */
  advance(ms: number): Promise<void>;
  /** Timers that are set and have not fired. */
  readonly pending: number;
}

/** @param startMs what `now` says at first */
export function fakeClock(startMs = 1_700_000_000_000): FakeClock {
  let elapsedMs = 0;
  let order = 0;
  const timers = new Set<{ readonly dueMs: number; readonly order: number; readonly fn: () => void }>();
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    now: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    setTimer: (ms, fn) => {
      const timer = { dueMs: elapsedMs + Math.max(0, ms), order: (order += 1), fn };
      timers.add(timer);
      return { cancel: () => timers.delete(timer) };
    },
    advance: async (ms) => {
      const untilMs = elapsedMs + ms;
      await turn();
      for (;;) {
        const [next] = [...timers]
          .filter((timer) => timer.dueMs <= untilMs)
          .sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
        if (next === undefined) break;
        timers.delete(next);
        elapsedMs = next.dueMs;
        next.fn();
        await turn();
      }
      elapsedMs = untilMs;
    },
    get pending() {
      return timers.size;
    },
  };
}
