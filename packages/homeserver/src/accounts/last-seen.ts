// When and from where each device was last seen. Noted in memory on each request and written in one statement now and then, so that
// a request costs no write. A crash loses the last minute of it, which nobody relies on.

import type { Database } from '../storage/database.ts';
import { setLastSeen } from '../storage/tables/devices.ts';

/** Devices noted before they are written; more are left out until then. */
const notedMax = 10_000;

/** Collects sightings; somebody calls `flush` from time to time. */
export class LastSeen {
  readonly #db: Database;
  readonly #now: () => number;
  #noted = new Map<string, { userId: string; deviceId: string; ts: number; ip: string }>();

  constructor(db: Database, now: () => number) {
    this.#db = db;
    this.#now = now;
  }

  /** A request of this device came from this address. */
  note(userId: string, deviceId: string, ip: string): void {
    const key = `${userId}\n${deviceId}`;
    if (this.#noted.size >= notedMax && !this.#noted.has(key)) return;
    this.#noted.set(key, { userId, deviceId, ts: this.#now(), ip });
  }

  /** Writes what was noted. */
  async flush(): Promise<void> {
    if (this.#noted.size === 0) return;
    const rows = [...this.#noted.values()];
    this.#noted = new Map();
    await setLastSeen(this.#db, rows);
  }
}
