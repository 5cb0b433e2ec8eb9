// Serial work per key: what is given to one lane happens in order, one after the other; lanes do not wait for each other. In memory, so
// order holds within the process; what must survive is a row first.

/** Lanes by key. */
export interface Lanes {
  /** Runs `task` after everything given to this lane before; a failure is the caller's and stops nothing. */
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
  /** Resolves when no lane has anything left. */
  idle(): Promise<void>;
}

/** Lanes that hold nothing yet; what they are given is done from `opened` on. */
export function createLanes(opened: Promise<void> = Promise.resolve()): Lanes {
  const ends = new Map<string, Promise<unknown>>();
  return {
    run<T>(key: string, task: () => Promise<T>): Promise<T> {
      const before = ends.get(key) ?? opened;
      const mine = before.then(task);
      const end: Promise<unknown> = mine
        .catch(() => undefined) // told to the caller by `mine`
        .then(() => ends.get(key) === end && ends.delete(key));
      ends.set(key, end);
      return mine;
    },
    async idle() {
      while (ends.size > 0) await Promise.all(ends.values());
    },
  };
}
