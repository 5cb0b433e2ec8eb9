// Named pieces of work that one process does at a time: an application service's sender, housekeeping. A lease is an advisory lock of
// a connection held for all leases of the process, so it ends with the process, however that ends; and a fencing number, greater than
// that of every holder before, for work that writes somewhere the lock does not reach.
import type { Clock, Timer } from '../platform/clock.ts';
import type { ConnectionTarget } from '../storage/connection.ts';
import { openSession, type Session } from '../storage/session.ts';
import { nextFence, releaseLock, sessionLives, tryLock } from '../storage/tables/leases.ts';

/** A lease that this process holds. */
export interface Lease {
  readonly name: string;
  readonly fence: number;
  release(): Promise<void>;
}

export interface Leases {
  /**
   * Takes a lease.
   *
   * @param lost  called when it is gone without having been released
   * @returns undefined while another process, or this one, holds it
   * @throws StorageError when the database is away
   */
  take(name: string, lost: () => void): Promise<Lease | undefined>;
  /** Gives all back. */
  stop(): Promise<void>;
}

/** A connection that hangs is given up after this and the time of one statement. */
const heartbeatMs = 5_000;

export interface LeasesOptions {
  readonly connection: ConnectionTarget;
  readonly clock: Clock;
}

export function createLeases({ connection, clock }: LeasesOptions): Leases {
  const held = new Map<string, () => void>();
  let session: Promise<Session> | undefined;
  let timer: Timer | undefined;
  let stopped = false;

  function lose(): void {
    timer?.cancel();
    session = undefined;
    const all = [...held.values()];
    held.clear();
    for (const lost of all) lost();
  }

  function open(): Promise<Session> {
    if (session !== undefined) return session;
    const opening = openSession(connection, lose).then((opened) => {
      beatLater(opened);
      return opened;
    });
    session = opening;
    opening.catch(() => {
      if (session === opening) session = undefined; // whoever asked for it is told, and the next try is a new one
    });
    return opening;
  }

  function beatLater(opened: Session): void {
    timer = clock.setTimer(heartbeatMs, () => {
      sessionLives(opened).then(
        () => {
          if (!stopped) beatLater(opened);
        },
        () => opened.close().finally(lose),
      );
    });
  }

  return {
    take: async (name, lost) => {
      if (stopped || held.has(name)) return undefined;
      held.set(name, lost);
      try {
        const opened = await open();
        if (!(await tryLock(opened, name))) {
          held.delete(name);
          return undefined;
        }
        const fence = await nextFence(opened, name);
        return {
          name,
          fence,
          release: async () => {
            if (held.get(name) !== lost) return;
            held.delete(name);
            await releaseLock(opened, name).catch(() => {}); // the session is gone, and the lock with it
          },
        };
      } catch (error) {
        held.delete(name);
        throw error;
      }
    },
    stop: async () => {
      stopped = true;
      timer?.cancel();
      held.clear();
      const opened = await session?.catch(() => undefined); // it never was open
      await opened?.close();
    },
  };
}
