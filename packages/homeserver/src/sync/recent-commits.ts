// What this process has just committed: a /sync that wakes takes from here what it would otherwise read back from the database. Only ever
// a shortcut, like the delivery's own memory of the same: what is too old or too large is not in it, and then the database is read. Of
// redactions by other processes it knows nothing, so what is older than they take to arrive is not given out.

import type { Clock } from '../platform/clock.ts';
import type { Commit } from '../storage/commit.ts';
import type { NewsFromHere } from '../stream/wake.ts';

/** A commit of this process. */
export interface RecentCommit {
  readonly first: number;
  readonly last: number;
  readonly commit: Commit;
}

/** Waiting requests are here within milliseconds: this is a second of a busy server. */
const commitsMax = 1_024;
/** Texts held, in characters: at most 4 MB. */
const lengthMax = 2_097_152;
/** Positions of one commit; what is larger is read back, by everybody. */
const positionsMax = 32;
const freshMs = 1_000;

interface Held extends RecentCommit {
  readonly roomNids: readonly number[];
  readonly atMs: number;
  readonly length: number;
}

/** The last commits of one process, oldest first. */
export class RecentCommits {
  readonly #clock: Clock;
  // A ring: the commit number n stands at n modulo its size.
  readonly #held: (Held | undefined)[] = [];
  #oldest = 0;
  #next = 0;
  #length = 0;
  /** The last position that came in. */
  #newest = 0;
  /** All commits after this position are here. */
  #completeAfter = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes what was just committed. */
  put(commits: NewsFromHere['commits']): void {
    const atMs = this.#clock.monotonicMs();
    for (const { first, commit } of commits) {
      const last = first + commit.positions - 1;
      // Statements in flight may be told of in another order than they were committed in: then everybody looks for themselves.
      const isInOrder = last >= this.#newest;
      if (commit.positions > positionsMax || !isInOrder) {
        this.forget(Math.max(last, this.#newest));
        continue;
      }
      let length = 0;
      for (const { json } of commit.room?.events ?? []) length += json.length;
      for (const { json } of commit.ephemeralEvents ?? []) length += json.length;
      while (this.#next - this.#oldest >= commitsMax || (this.#length + length > lengthMax && this.#length > 0)) {
        this.#dropOldest();
      }
      this.#held[this.#next % commitsMax] = { first, last, commit, roomNids: roomsOf(commit), atMs, length };
      this.#next += 1;
      this.#newest = last;
      this.#length += length;
    }
  }

  /** Nothing up to this position is to be taken from here. */
  forget(position: number): void {
    while (this.#oldest < this.#next) this.#dropOldest();
    this.#completeAfter = Math.max(this.#completeAfter, position);
  }

  /**
   * The commits after a position that concern rooms, by room, oldest first; undefined when some may be missing or are too old.
   *
   * @param concerns  whether a room matters
   */
  after(position: number, concerns: (roomNid: number) => boolean): ReadonlyMap<number, RecentCommit[]> | undefined {
    if (position < this.#completeAfter) return undefined;
    const oldestMs = this.#clock.monotonicMs() - freshMs;
    let at = this.#next;
    while (at > this.#oldest && (this.#held[(at - 1) % commitsMax]?.last ?? 0) > position) at -= 1;
    const found = new Map<number, RecentCommit[]>();
    for (; at < this.#next; at += 1) {
      const held = this.#held[at % commitsMax];
      for (const roomNid of held?.roomNids ?? []) {
        if (held === undefined || !concerns(roomNid)) continue;
        if (held.atMs < oldestMs) return undefined;
        const commits = found.get(roomNid);
        if (commits === undefined) found.set(roomNid, [held]);
        else commits.push(held);
      }
    }
    return found;
  }

  #dropOldest(): void {
    const held = this.#held[this.#oldest % commitsMax];
    this.#held[this.#oldest % commitsMax] = undefined;
    this.#oldest += 1;
    this.#length -= held?.length ?? 0;
    this.#completeAfter = Math.max(this.#completeAfter, held?.last ?? 0);
  }
}

/** Rooms whose members hear of a commit: as the door names them. */
function roomsOf({ room, receipts, ephemeralEvents, deviceListChanges }: Commit): readonly number[] {
  const ownRoom = room === undefined || room.isHistory === true ? [] : [room.roomNid];
  // Most are a message and nothing else.
  if (receipts === undefined && ephemeralEvents === undefined && deviceListChanges === undefined) return ownRoom;
  const others = (deviceListChanges ?? []).flatMap(({ roomNids = [] }) => roomNids);
  const passing = [...(receipts ?? []), ...(ephemeralEvents ?? [])].map(({ roomNid }) => roomNid);
  return [...new Set([...ownRoom, ...passing, ...others])];
}
