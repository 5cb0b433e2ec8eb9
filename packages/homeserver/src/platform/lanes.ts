// Serial work per key: what runs under one key runs one after another, different keys run side by side. Rooms, destinations and
// application services each have a key. Bounded: a key with too much waiting refuses more, so that one slow room cannot eat the memory.

/** A key has as much waiting as it may. */
export class LaneFullError extends Error {
  readonly key: string | number;
  constructor(key: string | number) {
    super(`too much is waiting for ${String(key)}`);
    this.name = 'LaneFullError';
    this.key = key;
  }
}

export interface Lanes<Key extends string | number> {
  /**
   * Runs `work` after everything that came before it under this key, whether that failed or not.
   *
   * @throws LaneFullError when the key has `waitingMax` waiting; what `work` throws
   */
  run<T>(key: Key, work: () => Promise<T>): Promise<T>;
  /** Keys that have something running or waiting. */
  readonly size: number;
  /** Resolves when nothing is running or waiting any more. */
  idle(): Promise<void>;
}

interface Lane {
  tail: Promise<unknown>;
  count: number;
}

/** @param waitingMax how much may wait or run under one key */
export function createLanes<Key extends string | number>(waitingMax: number): Lanes<Key> {
  const lanes = new Map<Key, Lane>();

  async function after<T>(key: Key, lane: Lane, before: Promise<unknown>, work: () => Promise<T>): Promise<T> {
    await before.catch(() => {}); // its own caller hears of the failure
    try {
      return await work();
    } finally {
      lane.count -= 1;
      if (lane.count === 0) lanes.delete(key);
    }
  }

  return {
    run: (key, work) => {
      let lane = lanes.get(key);
      if (lane === undefined) {
        lane = { tail: Promise.resolve(), count: 0 };
        lanes.set(key, lane);
      }
      if (lane.count >= waitingMax) return Promise.reject(new LaneFullError(key));
      lane.count += 1;
      const result = after(key, lane, lane.tail, work);
      lane.tail = result;
      return result;
    },
    get size() {
      return lanes.size;
    },
    idle: async () => {
      while (lanes.size > 0) await Promise.allSettled([...lanes.values()].map((lane) => lane.tail));
    },
  };
}
