// Deleting rooms and history: asked for once, done in the background in slices, by one process for all, and gone on with after a restart
// (table room_purges). A slice takes milliseconds and as long a pause follows, so nobody notices. What may go is decided by the
// conditions of storage/purge.ts alone.
//
//   ask ─▶ room_purges ─▶ run: slice, pause, slice, … ─▶ nothing left ─▶ the row goes

import { type Clock, sleep, type Timer } from '../platform/clock.ts';
import { failpoint } from '../platform/failpoint.ts';
import type { Database } from '../storage/database.ts';
import {
  deleteRoomRow,
  purgeHistorySlice,
  type PurgePlace,
  type RoomPurgePlace,
  purgeRoomSlice,
} from '../storage/purge.ts';
import {
  askHistoryPurge,
  endRoomPurge,
  listRooms,
  type ListedRoom,
  localMembersOf,
  placeOfEventId,
  placeOfFirstSince,
  type RoomPurgeRow,
  roomPurges,
} from '../storage/tables/room-purges.ts';
import { roomById } from '../storage/tables/rooms.ts';
import type { Invalidations } from './invalidate.ts';
import type { Leases } from './lease.ts';

/** What another process was asked for while it ended is found after this. */
const lookEveryMs = 60_000;
/** Purges read at once. */
const purgesPerRead = 100;
const pauseMsMax = 1_000;
const start: PurgePlace = { major: Number.MIN_SAFE_INTEGER, minor: 0 };

/** Up to where history goes: before an event, or what is older than a time (milliseconds since 1970). */
export type HistoryEnd = { readonly beforeEventId: string } | { readonly beforeTs: number };

export interface RoomPurges {
  /** Asks for the history of a room to be deleted up to a place. */
  history(roomId: string, end: HistoryEnd): Promise<'asked' | 'no such room' | 'no such event'>;
  /** Deletes a room in which nobody of this server is any more: it is gone at once, its rows follow. */
  room(roomId: string): Promise<'asked' | 'no such room' | 'inhabited'>;
  /** Rooms by id, with what is being purged of them. */
  list(after: string, limit: number): Promise<ListedRoom[]>;
  /** Some users of this server who are in a room, invited or knocking. */
  localMembers(roomId: string, limit: number): Promise<string[]>;
  /** Does what is asked for, now; false when another process is at it. */
  run(): Promise<boolean>;
  start(): void;
  stop(): Promise<void>;
}

export interface RoomPurgesOptions {
  readonly db: Database;
  readonly leases: Leases;
  readonly invalidations: Pick<Invalidations, 'invalidate'>;
  readonly clock: Clock;
  /** Application services whose unread history stays. */
  readonly appserviceIds: () => readonly string[];
  /** This process forgets a room that is gone. Others hear of it as the invalidation `room`. */
  readonly forgetRoom: (roomId: string) => void;
  readonly failed: (error: unknown) => void;
}

export function createRoomPurges(options: RoomPurgesOptions): RoomPurges {
  const { db, leases, invalidations, clock } = options;
  const stopping = new AbortController();
  let running: Promise<unknown> | undefined;
  let timer: Timer | undefined;

  async function run(): Promise<boolean> {
    let isLost = false;
    const lease = await leases.take('room-purges', () => (isLost = true)); // a second holder deletes the same rows: harmless
    if (lease === undefined) return false;
    try {
      const goesOn = () => !isLost && !stopping.signal.aborted;
      for (;;) {
        const asked = await roomPurges(db, purgesPerRead);
        for (const one of asked) {
          if (!(await purge(options, one, goesOn, stopping.signal))) return true;
          await endRoomPurge(db, one);
        }
        if (asked.length === 0) return true;
      }
    } finally {
      await lease.release();
    }
  }

  function kick(): void {
    if (stopping.signal.aborted) return;
    running = (running ?? Promise.resolve()).then(() => run().catch(options.failed));
  }

  function lookLater(): void {
    timer = clock.setTimer(lookEveryMs, () => {
      kick();
      lookLater();
    });
  }

  return {
    run,
    list: (after, limit) => listRooms(db, after, limit),
    localMembers: (roomId, limit) => localMembersOf(db, roomId, limit),
    async history(roomId, end) {
      const room = await roomById(db, roomId);
      if (room === undefined) return 'no such room';
      const before =
        'beforeTs' in end
          ? await placeOfFirstSince(db, room.roomNid, end.beforeTs)
          : await placeOfEventId(db, room.roomNid, end.beforeEventId);
      if (before === undefined) return 'no such event';
      await askHistoryPurge(db, room.roomNid, before, clock.now());
      kick();
      return 'asked';
    },
    async room(roomId) {
      const outcome = await db.transaction(async (tx) => {
        const deleted = await deleteRoomRow(tx, roomId, clock.now());
        if (typeof deleted === 'number') await invalidations.invalidate(tx, 'room', [roomId]);
        return deleted;
      });
      if (outcome === undefined) return 'no such room';
      if (outcome === 'inhabited') return 'inhabited';
      options.forgetRoom(roomId);
      kick();
      return 'asked';
    },
    start() {
      kick();
      lookLater();
    },
    async stop() {
      stopping.abort();
      timer?.cancel();
      await running;
    },
  };
}

/** All slices of one. @returns false when it was stopped before the end */
async function purge(
  { db, clock, appserviceIds }: RoomPurgesOptions,
  { roomNid, beforeMajor, beforeMinor }: RoomPurgeRow,
  goesOn: () => boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const before = beforeMajor === null ? undefined : { major: beforeMajor, minor: beforeMinor ?? 0 };
  let after = start;
  let place: RoomPurgePlace | undefined;
  while (goesOn()) {
    const startedMs = clock.monotonicMs();
    if (before === undefined) {
      place = await purgeRoomSlice(db, roomNid, place);
      if (place === undefined) return true;
    } else {
      const slice = await purgeHistorySlice(db, roomNid, { after, before, appserviceIds: appserviceIds() });
      if (slice === undefined) return true;
      after = slice.reached;
    }
    await failpoint('purge.afterSlice');
    await sleep(clock, Math.min(pauseMsMax, clock.monotonicMs() - startedMs), signal);
  }
  return false;
}
