// The door: the one way in for everything that takes a stream position. Lanes and domains hand it Commits; it writes all that wait in
// one statement (group-commit-statements.ts) and answers each after the commit. One write and one fsync are shared by many.
//
//   commit ─▶ waiting ─▶ batch (one part per room) ─▶ statement ─▶ stored: position, or refused: the room has moved on
//                ▲                                        │
//                └── again: deadlock, serialization ◀─────┤
//                    each alone: the rows are at fault ◀──┤
//                    looked up: the connection was lost ◀─┘   (resolve-commit.ts)
//
// When much waits, two statements are in flight: while the first waits for the disk the second is bound and queues at the position
// counter. Nothing is told to anybody before the commit.
import type { Backoff } from '../platform/backoff.ts';
import { createBackoff } from '../platform/backoff.ts';
import { type Clock, sleep } from '../platform/clock.ts';
import { failpoint } from '../platform/failpoint.ts';
import type { Random } from '../platform/random.ts';
import type { Commit, CommitOutcome, Door } from './commit.ts';
import { connectionLost } from './connection.ts';
import { type Database, type Queryable, StorageError } from './database.ts';
import { BatchRows } from './group-commit-rows.ts';
import { awaitWriters, findStored, lookUp } from './group-commit-lookup.ts';

const statementsInFlightMax = 2;
/** What makes a second statement worth it: with less, waiting for the first makes one larger batch, at twice the rate (16 wide). */
const secondStatementAt = 64;
/** Rows of positions in one batch; a larger Commit goes alone. */
const batchPositionsMax = 500;
const batchCommitsMax = 500;
/** Commits that may wait: beyond them the database is too slow to catch up, and callers are told so. */
const waitingMax = 20_000;
/** Tries of a batch that loses against another process. */
const triesMax = 10;
const retryFirstMs = 2;
const retryMaxMs = 200;
/** Connections that a batch may break; it may be what breaks them. */
const lossesMax = 3;

/** What became visible together. */
export interface Committed {
  readonly first: number;
  readonly last: number;
  readonly roomNids: readonly number[];
  readonly userIds: readonly string[];
  /** Each with its first position: what a reader of this process need not read back. */
  readonly commits: readonly { readonly first: number; readonly commit: Commit }[];
}

export interface DoorOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Called after the commit, before its callers are answered. */
  readonly onCommitted: (committed: Committed) => void;
  /** What `onCommitted` or `observe` threw: the commit stands, and its callers are answered all the same. */
  readonly failed?: (error: unknown) => void;
  /** For metrics: each statement that was committed. */
  readonly observe?: (batch: { readonly commits: number; readonly positions: number; readonly ms: number }) => void;
}

interface Waiting {
  readonly commit: Commit;
  readonly resolve: (outcome: CommitOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/** The door of a database. One per process is enough; several processes have one each. */
export function createDoor(db: Database, options: DoorOptions): Door & { close(): Promise<void> } {
  const waiting: Waiting[] = [];
  const roomsInFlight = new Set<number>();
  let inFlight = 0;
  let scheduled = false;
  let idle: (() => void) | undefined;

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    // Lanes that become ready in the same turn of the event loop share the statement.
    setImmediate(() => {
      scheduled = false;
      pump();
    });
  }

  function pump(): void {
    while (waiting.length > 0 && inFlight < (waiting.length < secondStatementAt ? 1 : statementsInFlightMax)) {
      const batch = takeBatch(waiting, roomsInFlight);
      if (batch.length === 0) return;
      inFlight += 1;
      void writeBatch({ db, options }, batch).finally(() => {
        for (const { commit } of batch) if (commit.room !== undefined) roomsInFlight.delete(commit.room.roomNid);
        inFlight -= 1;
        pump();
        if (inFlight === 0 && waiting.length === 0) idle?.();
      });
    }
  }

  return {
    commit: (commit) => {
      if (waiting.length >= waitingMax) {
        return Promise.reject(new StorageError('overloaded', `${waitingMax} commits are waiting for the database`));
      }
      return new Promise((resolve, reject) => {
        waiting.push({ commit, resolve, reject });
        schedule();
      });
    },
    commitAlone: (build) => writeAlone({ db, options }, build),
    close: () => {
      if (inFlight === 0 && waiting.length === 0) return Promise.resolve();
      return new Promise((resolve) => (idle = resolve));
    },
  };
}

/** Takes what fits into one statement: in order, at most one part of a room, none of a room that is in flight. */
function takeBatch(waiting: Waiting[], roomsInFlight: Set<number>): Waiting[] {
  const batch: Waiting[] = [];
  const left: Waiting[] = [];
  let positions = 0;
  for (const one of waiting) {
    const { room, positions: own } = one.commit;
    const isFull = batch.length >= batchCommitsMax || (batch.length > 0 && positions + own > batchPositionsMax);
    if (isFull || (room !== undefined && roomsInFlight.has(room.roomNid))) {
      left.push(one);
      continue;
    }
    if (room !== undefined) roomsInFlight.add(room.roomNid);
    batch.push(one);
    positions += own;
  }
  waiting.splice(0, waiting.length, ...left);
  return batch;
}

interface Parts {
  readonly db: Database;
  readonly options: DoorOptions;
}

/** Writes a batch and answers all of it. Never throws. */
async function writeBatch(parts: Parts, batch: readonly Waiting[], losses = 0): Promise<void> {
  const { clock, random } = parts.options;
  const backoff = createBackoff({ firstMs: retryFirstMs, maxMs: retryMaxMs, random });
  for (;;) {
    try {
      await writeOnce(parts, batch);
      return;
    } catch (error) {
      if (await canRetry(error, backoff, clock)) continue;
      if (error instanceof StorageError && connectionLost(error)) await settleUnknown(parts, batch, error, losses + 1);
      else await settleFailure(parts, batch, error);
      return;
    }
  }
}

/** Lost against another process (deadlock, serialization): nothing was written, and the same again may succeed. */
async function canRetry(error: unknown, backoff: Backoff, clock: Clock): Promise<boolean> {
  if (!(error instanceof StorageError) || !/^40(P01|001)$/.test(error.code)) return false;
  if (backoff.attempts >= triesMax) return false;
  await sleep(clock, backoff.nextMs());
  return true;
}

/** One Commit, built while its transaction holds the position counter: every other writer waits. */
async function writeAlone(
  { db, options }: Parts,
  build: (tx: Queryable) => Promise<Commit | undefined>,
): Promise<CommitOutcome | undefined> {
  let commit: Commit | undefined;
  let outcome: CommitOutcome | undefined;
  try {
    await db.transaction(async (tx) => {
      await tx.query(awaitWriters);
      commit = await build(tx);
      if (commit === undefined) return;
      const one = { commit, resolve: (told: CommitOutcome) => (outcome = told), reject: () => {} };
      await writeOnce({ db: tx, options: { ...options, onCommitted: () => {} } }, [one]);
    });
  } catch (error) {
    outcome = commit === undefined ? undefined : await afterFailureAlone({ db, options }, commit, error);
    if (outcome === undefined) throw error;
  }
  if (commit !== undefined && outcome?.outcome === 'stored') {
    const { first } = outcome;
    announce(options, [{ commit, first }], { first, last: first + commit.positions - 1 });
  }
  return outcome;
}

// Done before by its client transaction, or committed although the answer was lost; undefined: neither.
async function afterFailureAlone(
  { db, options: { clock, random } }: Parts,
  commit: Commit,
  error: unknown,
): Promise<CommitOutcome | undefined> {
  if (!(error instanceof StorageError)) return undefined;
  if (connectionLost(error)) return (await lookUp({ db, clock, random }, [commit]))[0];
  const [repeated] = error.code === '23505' ? await findStored(db, [commit]) : [];
  return repeated === undefined ? undefined : { outcome: 'duplicate', ...repeated };
}

async function writeOnce(
  { db, options }: { readonly db: Queryable; readonly options: DoorOptions },
  batch: readonly Waiting[],
): Promise<void> {
  const startedMs = options.clock.monotonicMs();
  const rows = new BatchRows();
  const before = batch.map(({ commit }) => rows.addCommit(commit));
  const variant = rows.variant();
  const values = rows.values(variant);
  await failpoint('door.beforeStatement');
  const [written] = await db.query<{ base: number; rooms: number[] }>(variant.statement, values);
  if (written === undefined)
    throw new StorageError('P0002', 'the position counter is missing: the database is damaged');
  await failpoint('door.afterStatement');
  const rooms = new Set(written.rooms);
  const stored = batch.flatMap(({ commit }, index) =>
    commit.room === undefined || rooms.has(commit.room.roomNid)
      ? [{ commit, first: written.base + (before[index] ?? 0) }]
      : [],
  );
  announce(options, stored, { first: written.base, last: written.base + rows.positions - 1 });
  const ms = options.clock.monotonicMs() - startedMs;
  guarded(options, () => options.observe?.({ commits: batch.length, positions: rows.positions, ms }));
  batch.forEach(({ commit, resolve }, index) => {
    const isStored = commit.room === undefined || rooms.has(commit.room.roomNid);
    resolve(isStored ? { outcome: 'stored', first: written.base + (before[index] ?? 0) } : { outcome: 'refused' });
  });
}

// Told even where all was refused: those positions are used up, and nobody need wonder who has them.
function announce(options: DoorOptions, stored: Committed['commits'], range: { first: number; last: number }): void {
  const roomNids = new Set<number>();
  const userIds = new Set<string>();
  for (const { commit } of stored) {
    if (commit.room !== undefined && commit.room.isHistory !== true) {
      roomNids.add(commit.room.roomNid);
      for (const { userId } of commit.room.members) userIds.add(userId);
      for (const { userId } of commit.room.membersRemoved ?? []) userIds.add(userId);
    }
    for (const { roomNid } of commit.receipts ?? []) roomNids.add(roomNid);
    for (const { roomNid } of commit.ephemeralEvents ?? []) roomNids.add(roomNid);
    for (const list of [commit.accountData, commit.toDevice, commit.profileChanges]) {
      for (const { userId } of list ?? []) userIds.add(userId);
    }
    for (const { userId, onlyFor, roomNids: heardIn = [] } of commit.deviceListChanges ?? []) {
      userIds.add(onlyFor ?? userId);
      for (const roomNid of heardIn) roomNids.add(roomNid);
    }
  }
  const committed = { ...range, roomNids: [...roomNids], userIds: [...userIds], commits: stored };
  guarded(options, () => options.onCommitted(committed));
}

// It is committed: whatever a listener does wrong, the callers are to be told so.
function guarded(options: DoorOptions, tell: () => void): void {
  try {
    tell();
  } catch (error) {
    options.failed?.(error);
  }
}

async function settleFailure(parts: Parts, batch: readonly Waiting[], error: unknown): Promise<void> {
  if (!(error instanceof StorageError)) {
    for (const { reject } of batch) reject(error);
    return;
  }
  const left = error.code === '23505' ? await answerRepeated(parts.db, batch) : batch;
  if (left.length < batch.length) {
    if (left.length > 0) await writeBatch(parts, left);
  } else if (batch.length > 1 && !/^5[37]/.test(error.code)) {
    // One of them is at fault: alone, it fails alone. (Not where the server is short of something or the time was up.)
    for (const one of batch) await writeBatch(parts, [one]);
  } else {
    for (const { reject } of batch) reject(error);
  }
}

/** Answers those whose client transaction was done before. @returns the others */
async function answerRepeated(db: Database, batch: readonly Waiting[]): Promise<readonly Waiting[]> {
  try {
    const stored = await findStored(
      db,
      batch.map(({ commit }) => commit),
    );
    return batch.filter(({ resolve }, index) => {
      const repeated = stored[index];
      if (repeated !== undefined) resolve({ outcome: 'duplicate', ...repeated });
      return repeated === undefined;
    });
  } catch {
    return batch; // the database has gone meanwhile: the next try says so
  }
}

/** The connection was lost with the statement: it may have been committed or not, which only the database knows. */
async function settleUnknown(
  { db, options }: Parts,
  batch: readonly Waiting[],
  error: StorageError,
  losses: number,
): Promise<void> {
  const { clock, random } = options;
  const outcomes = await lookUp(
    { db, clock, random },
    batch.map(({ commit }) => commit),
  ).catch(() => undefined);
  if (outcomes === undefined) {
    for (const { reject } of batch) reject(error);
    return;
  }
  const stored = batch.flatMap(({ commit }, index) => {
    const outcome = outcomes[index];
    return outcome?.outcome === 'stored' ? [{ commit, first: outcome.first }] : [];
  });
  const positions = outcomes.flatMap((outcome, index) =>
    outcome?.outcome === 'stored' ? [outcome.first, outcome.first + (batch[index]?.commit.positions ?? 1) - 1] : [],
  );
  if (stored.length > 0) announce(options, stored, { first: Math.min(...positions), last: Math.max(...positions) });
  const left: Waiting[] = [];
  batch.forEach((one, index) => {
    const outcome = outcomes[index];
    if (outcome === undefined) left.push(one);
    else one.resolve(outcome);
  });
  if (losses < lossesMax) {
    if (left.length > 0) await writeBatch({ db, options }, left, losses);
  } else if (left.length > 1) {
    for (const one of left) await writeBatch({ db, options }, [one], losses);
  } else {
    left[0]?.reject(error);
  }
}
