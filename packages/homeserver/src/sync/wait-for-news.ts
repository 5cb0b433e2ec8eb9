// Long-polling without the database. Whoever waits stands in an index by room and by user; what the stream's wake-ups tell (after the
// commit) wakes those concerned and nobody else. A short memory of recent news closes the gap between reading "nothing new" and
// standing in the index, and lets a client that comes back with its last token wait again without a single statement:
//
//     respond at N ──▶ client comes back, since = N ──▶ recent news after N? ──no──▶ wait  (no SQL)
//                                                             └──yes, or not remembered──▶ read
//
// A room's news concern its members; a change of membership, account data and messages to a device name the user as well. Where all that
// a user has to hear of was committed by this process, it is here as well (recent-commits.ts), and nothing need be read.

import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import type { Clock } from '../platform/clock.ts';
import type { News } from '../stream/wake.ts';
import { type RecentCommit, RecentCommits } from './recent-commits.ts';

/** Who waits for what. */
export interface Wait {
  readonly userId: string;
  /** Rooms whose news concern them. */
  readonly roomNids: ReadonlySet<number>;
  /** News up to here have been read. */
  readonly after: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What concerns a user between two requests. */
export interface UserRooms {
  /** Rooms that they are joined to. */
  readonly roomNids: ReadonlySet<number>;
  /** Users whom they ignore. */
  readonly ignored: ReadonlySet<string>;
}

/** News of a user's rooms, all of which are here. */
export interface RecentNews extends UserRooms {
  /** Nothing is missing up to here. */
  readonly position: number;
  /** By room, oldest first. */
  readonly commits: ReadonlyMap<number, readonly RecentCommit[]>;
}

/** Rooms, and users, whose newest news are remembered. */
const recentMax = 20_000;
/** Waiting at once in this process; beyond it a request is answered as if its time were up. */
const waitersMax = 50_000;
/** Users whose rooms are remembered between two requests. */
const knownUsersMax = 10_000;

interface Waiter {
  readonly userId: string;
  readonly roomNids: ReadonlySet<number>;
  readonly wake: (why: 'news' | 'timeout') => void;
}

/** The waiting room of one process. */
export class NewsIndex {
  readonly #clock: Clock;
  readonly #byRoom = new Map<number, Set<Waiter>>();
  readonly #byUser = new Map<string, Set<Waiter>>();
  readonly #roomsOf = new LRUCache<string, UserRooms & { readonly asOf: number }>(atMost(knownUsersMax));
  // The newest position that concerned a room, or a user by name.
  readonly #newestOfRoom = this.#newest<number>();
  readonly #newestOfUser = this.#newest<string>();
  // The newest that another process told of a room.
  readonly #newestElsewhere = this.#newest<number>();
  readonly #recent: RecentCommits;
  #toldUpTo = 0;
  /** News after this position are all remembered. */
  #rememberedAfter = Number.POSITIVE_INFINITY;
  #waiting = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#recent = new RecentCommits(clock);
  }

  /** Requests that wait now. */
  get size(): number {
    return this.#waiting;
  }

  /** Something was committed, here or elsewhere. A new member is named among the users. */
  heard(news: News): void {
    if (this.#rememberedAfter === Number.POSITIVE_INFINITY) this.#rememberedAfter = news.position;
    if (news.here !== undefined) {
      this.#recent.put(news.here.commits);
      this.#toldUpTo = Math.max(this.#toldUpTo, news.here.toldUpTo);
    }
    for (const roomNid of news.roomNids) {
      this.#newestOfRoom.set(roomNid, news.position);
      if (news.here === undefined) this.#newestElsewhere.set(roomNid, news.position);
      this.heardOfRoom(roomNid);
    }
    for (const userId of news.userIds) {
      this.#newestOfUser.set(userId, news.position);
      for (const waiter of this.#byUser.get(userId) ?? []) waiter.wake('news');
    }
  }

  /** Something without a position happened in a room (typing). */
  heardOfRoom(roomNid: number): void {
    for (const waiter of this.#byRoom.get(roomNid) ?? []) waiter.wake('news');
  }

  /** Something may have been missed up to this position: everybody looks for themselves. */
  heardAll(position: number): void {
    this.#newestOfRoom.clear();
    this.#newestOfUser.clear();
    this.#newestElsewhere.clear();
    this.#recent.forget(position);
    this.#rememberedAfter = position;
    for (const waiters of this.#byUser.values()) for (const waiter of waiters) waiter.wake('news');
  }

  /** Remembers what concerns a user, as read at a position. */
  remember(userId: string, { roomNids, ignored }: UserRooms, asOf: number): void {
    // Before anything was told, the first reading is where remembering begins: what is committed after it will be told.
    if (this.#rememberedAfter === Number.POSITIVE_INFINITY) this.#rememberedAfter = asOf;
    const known = this.#roomsOf.get(userId);
    if (known === undefined || known.asOf <= asOf) this.#roomsOf.set(userId, { asOf, roomNids, ignored });
  }

  /** The rooms of a user who certainly has no news after a position; undefined when that is not known. */
  roomsWithoutNews(userId: string, after: number): ReadonlySet<number> | undefined {
    const known = this.#roomsOf.get(userId);
    if (known === undefined || known.asOf < after) return undefined;
    return this.#hasNews(userId, known.roomNids, after) ? undefined : known.roomNids;
  }

  /** All that happened in a user's rooms after a position; undefined when that, or that they have no news by name, is not known here. */
  recentNews(userId: string, after: number): RecentNews | undefined {
    const known = this.#roomsOf.get(userId);
    if (known === undefined || known.asOf < after || after < this.#rememberedAfter) return undefined;
    if ((this.#newestOfUser.peek(userId) ?? 0) > after) return undefined;
    const { roomNids, ignored } = known;
    if (this.#newestElsewhere.size > 0) {
      for (const roomNid of roomNids) if ((this.#newestElsewhere.peek(roomNid) ?? 0) > after) return undefined;
    }
    const commits = this.#recent.after(after, (roomNid) => roomNids.has(roomNid));
    const position = Math.max(this.#toldUpTo, after);
    for (const [newest] of commits?.values().map((list) => list.slice(-1)) ?? []) {
      if (newest !== undefined && newest.last > position) return undefined;
    }
    return commits === undefined ? undefined : { position, roomNids, ignored, commits };
  }

  /** Waits for news that concern the user. */
  wait(wait: Wait): Promise<'news' | 'timeout'> {
    if (this.#hasNews(wait.userId, wait.roomNids, wait.after)) return Promise.resolve('news');
    if (wait.timeoutMs <= 0 || wait.signal.aborted || this.#waiting >= waitersMax) return Promise.resolve('timeout');
    return new Promise((resolve) => {
      const end = () => waiter.wake('timeout');
      const timer = this.#clock.setTimer(wait.timeoutMs, end);
      const waiter: Waiter = {
        userId: wait.userId,
        roomNids: wait.roomNids,
        wake: (why) => {
          timer.cancel();
          wait.signal.removeEventListener('abort', end);
          this.#remove(waiter);
          resolve(why);
        },
      };
      wait.signal.addEventListener('abort', end);
      this.#add(waiter);
    });
  }

  #hasNews(userId: string, roomNids: ReadonlySet<number>, after: number): boolean {
    if (after < this.#rememberedAfter) return true;
    if ((this.#newestOfUser.peek(userId) ?? 0) > after) return true;
    for (const roomNid of roomNids) if ((this.#newestOfRoom.peek(roomNid) ?? 0) > after) return true;
    return false;
  }

  // What is forgotten for want of room was the oldest: from there on back nothing is certain.
  #newest<Key extends string | number>(): LRUCache<Key, number> {
    return new LRUCache({
      ...atMost(recentMax),
      dispose: (position, _, reason) => {
        if (reason === 'evict') this.#rememberedAfter = Math.max(this.#rememberedAfter, position);
      },
    });
  }

  #add(waiter: Waiter): void {
    this.#waiting += 1;
    addTo(this.#byUser, waiter.userId, waiter);
    for (const roomNid of waiter.roomNids) addTo(this.#byRoom, roomNid, waiter);
  }

  #remove(waiter: Waiter): void {
    if (!removeFrom(this.#byUser, waiter.userId, waiter)) return;
    this.#waiting -= 1;
    for (const roomNid of waiter.roomNids) removeFrom(this.#byRoom, roomNid, waiter);
  }
}

function addTo<Key>(index: Map<Key, Set<Waiter>>, key: Key, waiter: Waiter): void {
  const waiters = index.get(key);
  if (waiters === undefined) index.set(key, new Set([waiter]));
  else waiters.add(waiter);
}

function removeFrom<Key>(index: Map<Key, Set<Waiter>>, key: Key, waiter: Waiter): boolean {
  const waiters = index.get(key);
  const found = waiters?.delete(waiter) ?? false;
  if (waiters?.size === 0) index.delete(key);
  return found;
}
