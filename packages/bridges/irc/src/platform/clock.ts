// Time and randomness for the IRC bridge, as values that are handed in. main.ts gives the system's; tests give their own,
// so that ping timeouts, backoff and flood control are tested without waiting.

/** What the bridge knows of time. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs `run` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number;

/** The machine's clock. Its timers do not keep the process alive: sockets do. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** The machine's randomness; good for jitter, never for secrets. */
export const systemRandom: Random = () => Math.random();
