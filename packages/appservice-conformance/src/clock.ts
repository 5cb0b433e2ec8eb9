// Time as the kit uses it: the real one, since what it measures runs in other processes. Waiting is for a condition, never for a while,
// and always bounded.

/** Milliseconds that only grow. */
export const nowMs = (): number => performance.now();

/** A pause, where nothing can be waited for; an abort ends it without a word. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => clearTimeout(timer));
  });
}

const lookEveryMs = 10;

/** Waits until a condition holds. @returns false when it did not within `withinMs` */
export async function holds(condition: () => boolean, withinMs: number): Promise<boolean> {
  const untilMs = nowMs() + withinMs;
  while (!condition()) {
    if (nowMs() > untilMs) return false;
    await pause(lookEveryMs);
  }
  return true;
}
