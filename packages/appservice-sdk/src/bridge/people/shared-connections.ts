// Connections that several logins use together, where a network has one socket per workspace or per bot.

import type { LoginId } from '../network.ts';

/** What several logins use together: opened by the first, closed with the last. */
export function createShared() {
  const open = new Map<string, { promise: Promise<unknown>; abort: AbortController; users: Set<LoginId> }>();
  return {
    join<T>(key: string, user: LoginId, make: (signal: AbortSignal) => Promise<T>): Promise<T> {
      let one = open.get(key);
      if (!one) {
        const abort = new AbortController();
        open.set(key, (one = { promise: make(abort.signal), abort, users: new Set() }));
        one.promise.catch(() => open.delete(key));
      }
      one.users.add(user);
      return one.promise as Promise<T>;
    },
    leave(user: LoginId): void {
      for (const [key, one] of open) {
        if (!one.users.delete(user) || one.users.size > 0) continue;
        open.delete(key);
        one.abort.abort();
      }
    },
  };
}
