// How those who follow the stream learn that it has grown. Commits of this process wake its followers directly, after the commit;
// other processes hear of them by NOTIFY, coalesced, with ids only; and a slow poll of the position catches what got lost on the way.
// A lost wake-up costs time, never an event: followers read the database by their own cursors.
//
//   door ── committed ──▶ followers here
//              └──▶ pending ── NOTIFY (one at a time) ──▶ heard in other processes ──▶ their followers
//   poll: a position that nobody told us of for two rounds ──▶ missed: everybody looks
//
// Positions are told out of order when several processes write, so a gap alone says nothing; `covered` keeps account of them.
import type { Clock, Timer } from '../platform/clock.ts';
import { failpoint } from '../platform/failpoint.ts';
import type { Commit } from '../storage/commit.ts';
import type { Database } from '../storage/database.ts';
import { lastStreamPosition } from '../storage/tables/rooms.ts';
import { createCoverage } from './coverage.ts';

/** What became visible together. */
export interface News {
  /** The newest position it speaks of. */
  readonly position: number;
  readonly roomNids: readonly number[];
  readonly userIds: readonly string[];
  /** Of what this process committed. */
  readonly here?: NewsFromHere;
}

/** What this process committed, so that a reader need not read it back. */
export interface NewsFromHere {
  /** Each with its first position. */
  readonly commits: readonly { readonly first: number; readonly commit: Commit }[];
  /** Everything up to here has been told, by whichever process. */
  readonly toldUpTo: number;
}

/** Somebody who follows the stream. */
export interface Follower {
  news(news: News): void;
  /** Something up to this position was not told: look for yourself. */
  missed(position: number): void;
}

/** What the door tells. */
export interface CommittedRange {
  readonly first: number;
  readonly last: number;
  readonly roomNids: readonly number[];
  readonly userIds: readonly string[];
  readonly commits?: NewsFromHere['commits'];
}

export interface WakeOptions {
  readonly db: Database;
  readonly clock: Clock;
  /** Names this process among the others; any text that no other has. */
  readonly processId: string;
  /** False: no other process uses this database (the embedded one), and none is told. */
  readonly shared: boolean;
  /** What a follower threw: the others are told all the same. */
  readonly failed?: (error: unknown) => void;
}

export interface Wake {
  /** Told by the door after each commit. Wakes the followers of this process before it returns. */
  readonly committed: (range: CommittedRange) => void;
  /** The newest position known here. */
  readonly position: number;
  /** @returns the way to stop */
  onNews(follower: Follower): () => void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const channel = 'pons_news';
/** PostgreSQL's limit is 8,000 bytes. */
const payloadMaxBytes = 7_900;
const pollMs = 1_000;
/** While a NOTIFY is under way the next ones gather, and at least this long: a busy server tells 100 times a second. */
const notifyEveryMs = 10;

interface Pending {
  readonly ranges: [number, number][];
  readonly roomNids: Set<number>;
  readonly userIds: Set<string>;
}
/** Sender, ranges of positions; rooms and users, absent when they were too many. */
interface Payload {
  readonly o: string;
  readonly p: readonly (readonly [number, number])[];
  readonly r?: readonly number[];
  readonly u?: readonly string[];
}

export function createWake({ db, clock, processId, shared, failed = () => {} }: WakeOptions): Wake {
  const followers = new Set<Follower>();
  const covered = createCoverage();
  const told = createTelling({ db, clock, processId });
  let stopListening: (() => Promise<void>) | undefined;
  let timer: Timer | undefined;
  let polling: Promise<void> | undefined;
  /** Where the stream stood at the last poll: what is not covered up to there by the next one was lost. */
  let polled = 0;
  let stopped = false;

  function each(tell: (follower: Follower) => void): void {
    for (const follower of followers) {
      try {
        tell(follower);
      } catch (error) {
        failed(error);
      }
    }
  }

  function wakeAll(news: News): void {
    each((follower) => follower.news(news));
  }

  function missed(position: number): void {
    covered.restart(position);
    each((follower) => follower.missed(position));
  }

  function heard(payload: string): void {
    if (payload === '') return void poll(true);
    const { o: from, p: ranges, r: roomNids, u: userIds } = JSON.parse(payload) as Payload;
    if (from === processId) return;
    for (const [first, last] of ranges) covered.add(first, last);
    const position = Math.max(0, ...ranges.map(([, last]) => last));
    if (roomNids === undefined || userIds === undefined) missed(Math.max(position, covered.newest));
    else wakeAll({ position, roomNids, userIds });
  }

  async function poll(reconnected: boolean): Promise<void> {
    const last = await lastStreamPosition(db).catch(() => undefined); // away: the next round asks again
    if (last === undefined || stopped) return;
    if (reconnected || covered.upTo < polled) missed(Math.max(last, covered.newest));
    polled = last;
  }

  function pollLater(): void {
    timer = clock.setTimer(pollMs, () => {
      polling = poll(false).then(() => {
        if (!stopped) pollLater();
      });
    });
  }

  return {
    committed: (range) => {
      if (range.last >= range.first) covered.add(range.first, range.last);
      const { roomNids, userIds, commits } = range;
      const here = commits === undefined ? {} : { here: { commits, toldUpTo: covered.upTo } };
      wakeAll({ position: range.last, roomNids, userIds, ...here });
      if (shared) told.add(range);
    },
    get position() {
      return covered.newest;
    },
    onNews: (follower) => {
      followers.add(follower);
      return () => followers.delete(follower);
    },
    start: async () => {
      if (shared) stopListening = await db.listen(channel, heard);
      // After LISTEN: what is committed from here on is heard of.
      polled = await lastStreamPosition(db);
      covered.restart(polled);
      if (shared) pollLater();
    },
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await polling;
      await told.stop();
      await stopListening?.();
    },
  };
}

/** Tells other processes: one NOTIFY at a time, everything that gathered meanwhile in the next. */
function createTelling({ db, clock, processId }: Pick<WakeOptions, 'db' | 'clock' | 'processId'>) {
  let pending: Pending | undefined;
  let telling: Promise<void> | undefined;
  let timer: Timer | undefined;
  let stopped = false;

  function add({ first, last, roomNids, userIds }: CommittedRange): void {
    pending ??= { ranges: [], roomNids: new Set(), userIds: new Set() };
    const before = pending.ranges.at(-1);
    if (before !== undefined && before[1] === first - 1) before[1] = last;
    else pending.ranges.push([first, last]);
    for (const roomNid of roomNids) pending.roomNids.add(roomNid);
    for (const userId of userIds) pending.userIds.add(userId);
    if (telling === undefined && timer === undefined) tell();
  }

  function tell(): void {
    const now = pending;
    if (now === undefined) return;
    pending = undefined;
    telling = send(payloadOf(now, processId)).finally(() => {
      telling = undefined;
      if (stopped) return;
      timer = clock.setTimer(notifyEveryMs, () => {
        timer = undefined;
        tell();
      });
    });
  }

  async function send(payload: string): Promise<void> {
    try {
      await failpoint('wake.beforeNotify');
      await db.notify(channel, payload);
    } catch {
      // The others find out by their poll.
    }
  }

  return {
    add,
    stop: async () => {
      stopped = true;
      timer?.cancel();
      await telling;
      tell();
      await telling;
    },
  };
}

function payloadOf({ ranges, roomNids, userIds }: Pending, processId: string): string {
  const bounds: [number, number] = [ranges[0]?.[0] ?? 0, Math.max(0, ...ranges.map(([, last]) => last))];
  const whole: Payload = { o: processId, p: ranges, r: [...roomNids], u: [...userIds] };
  const text = JSON.stringify(whole);
  if (Buffer.byteLength(text) <= payloadMaxBytes) return text;
  const short: Payload = { o: processId, p: [bounds] };
  return JSON.stringify(short);
}
