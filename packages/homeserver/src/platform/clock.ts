// Time as the house knows it. compose.ts hands one clock to everything that waits or stamps, so that a test can turn the hands:
// `Date.now` and timers are named here and nowhere else. `now` is for stamps that others read, `monotonicMs` for measuring.

/** A timer that has been set. */
export interface Timer {
  /** The callback will not be called any more; harmless when it was called already. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970, as Matrix counts them. May jump. */
  now(): number;
  /** Milliseconds since some moment of this process. Never goes back. */
  monotonicMs(): number;
  /** Calls `fn` once, not before `ms` have passed. */
  setTimer(ms: number, fn: () => void): Timer;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (ms, fn) => {
    const timer = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Waits; `signal` ends the wait early, without an error. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = clock.setTimer(ms, done);
    function done(): void {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    }
    signal?.addEventListener('abort', done);
  });
}
