// What all intents of one application service share: how to call, what is remembered, who its users are.

import type { Call } from '../client/call.ts';
import type { Clock } from '../client/clock.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';

/** Shared by all intents. */
export interface IntentOutside {
  readonly call: Call;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** The homeserver's name. */
  readonly domain: string;
  /** The registration's own user. */
  readonly botUserId: string;
  /** Runs `task` unless the same key is under way; then its outcome is shared. */
  once<T>(key: string, task: () => Promise<T>): Promise<T>;
}

/** A `once` of its own memory. */
export function createOnce(): IntentOutside['once'] {
  const underWay = new Map<string, Promise<unknown>>();
  return <T>(key: string, task: () => Promise<T>): Promise<T> => {
    const running = underWay.get(key);
    if (running) return running as Promise<T>;
    const started = task().finally(() => underWay.delete(key));
    underWay.set(key, started);
    return started;
  };
}
