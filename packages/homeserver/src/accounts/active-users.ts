// How many people use this server: each is noted once a day, by the first request of a session of theirs (compose/resolve-token.ts). What
// application services do is nobody's activity: neither that of their ghosts and bots, nor that of people who let them speak for them.
// A request costs a look into a set; what is new is written in one statement now and then, and a crash loses the last minute of it.

import { MatrixError } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import type { Requester } from '../platform/requester.ts';
import type { Database } from '../storage/database.ts';
import { type ActiveCounts, countActive, noteActive, takePlace } from '../storage/tables/active-users.ts';

/** How many people may use the server in 30 days (`limits.monthly_active_users`). */
export interface ActiveUsersLimit {
  readonly max: number;
  /** To whom those turn who are refused: a URI. */
  readonly adminContact: string;
}

export interface ActiveUsersParts {
  readonly db: Pick<Database, 'query' | 'transaction'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  /** null: as many as like. */
  readonly limit: ActiveUsersLimit | null;
}

const dayMs = 86_400_000;
/** Users known to be noted today, about 100 bytes each; beyond them some are written twice, which changes nothing. */
const notedMax = 100_000;
/** Users written at once; more are left out until then, and come again with their next request. */
const writtenMax = 10_000;
/** Who had no place asks again after this long, and there may be one. */
const refusedMs = 60_000;
/** Without a place one may still go. */
const allowedToAll: ReadonlySet<string> = new Set(['logout', 'logout_all']);

/** Counts people; somebody calls `flush` from time to time. */
export class ActiveUsers {
  readonly #parts: ActiveUsersParts;
  readonly #refused: LRUCache<string, true>;
  #day = 0;
  #noted = new Set<string>();
  /** The day of each: of the two in the last minute before midnight and the first after it, the later one. */
  #unwritten = new Map<string, number>();

  constructor(parts: ActiveUsersParts) {
    this.#parts = parts;
    const perf = { now: parts.monotonicMs };
    this.#refused = new LRUCache({ ...atMost(writtenMax), ttl: refusedMs, ttlResolution: 0, perf });
  }

  /**
   * A session of this user asks for something.
   *
   * @returns a promise only where there is a limit, for the first request of a day
   * @throws MatrixError M_RESOURCE_LIMIT_EXCEEDED for whom there is no place this month
   */
  note({ userId, guest, locked, admin }: Requester, operation: string): Promise<void> | undefined {
    this.#turnTo(this.#today());
    if (guest || locked === true || this.#noted.has(userId)) return undefined;
    const { limit } = this.#parts;
    // Administrators are counted, and never refused: somebody must be able to change the limit.
    if (limit !== null && !admin) return this.#ask(userId, operation, limit);
    this.#remember(userId);
    return undefined;
  }

  /** Writes what was noted; what cannot be written is written next time. */
  async flush(): Promise<void> {
    if (this.#unwritten.size === 0) return;
    const days = this.#unwritten;
    this.#unwritten = new Map();
    try {
      await noteActive(this.#parts.db, days);
    } catch (error) {
      this.#unwritten = new Map([...days, ...this.#unwritten]);
      throw error;
    }
  }

  /** How many there are, of all processes. */
  async counts(): Promise<ActiveCounts> {
    await this.flush();
    return countActive(this.#parts.db, this.#today());
  }

  async #ask(userId: string, operation: string, { max, adminContact }: ActiveUsersLimit): Promise<void> {
    if (allowedToAll.has(operation)) return;
    const day = this.#day;
    if (!this.#refused.has(userId)) {
      if (await takePlace(this.#parts.db, userId, { day, max })) {
        if (day === this.#day) this.#remember(userId);
        return;
      }
      this.#refused.set(userId, true);
    }
    throw new MatrixError(
      'M_RESOURCE_LIMIT_EXCEEDED',
      'as many people as this server takes have used it in the last 30 days: ask its administrator',
      { fields: { limit_type: 'monthly_active_user', admin_contact: adminContact } },
    );
  }

  #remember(userId: string): void {
    if (this.#unwritten.size >= writtenMax) return;
    if (this.#noted.size >= notedMax) this.#noted = new Set();
    this.#noted.add(userId);
    this.#unwritten.set(userId, this.#day);
  }

  #turnTo(day: number): void {
    if (day === this.#day) return;
    this.#day = day;
    this.#noted = new Set();
  }

  #today(): number {
    return Math.floor(this.#parts.now() / dayMs);
  }
}
