// Keeps what happened and lets a test wait for what it is about: events come when they come, nobody sleeps.

/** A list of events that can be waited for. */
export interface Recorder<T> {
  readonly all: T[];
  add(event: T): void;
  /** The first event, past or future, for which `when` holds; each event is given out once per `from` mark. */
  until<S extends T>(when: (event: T) => event is S): Promise<S>;
  until(when: (event: T) => boolean): Promise<T>;
  /** Forgets what has happened so far. */
  clear(): void;
}

/** An empty recorder. */
export function recorder<T>(): Recorder<T> {
  const all: T[] = [];
  const waiting = new Set<() => void>();
  return {
    all,
    add(event) {
      all.push(event);
      for (const check of waiting) check();
    },
    until(when: (event: T) => boolean): Promise<T> {
      return new Promise((resolve) => {
        const check = (): void => {
          const found = all.find(when);
          if (found === undefined) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      });
    },
    clear: () => void all.splice(0),
  } as Recorder<T>;
}
