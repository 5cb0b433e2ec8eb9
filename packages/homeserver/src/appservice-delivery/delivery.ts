// Delivery to all application services of this process: takes the lease of each, opens its cursor, reads the stream for it and sends. One
// process sends for an application service; the others try for its lease now and then. What is known of each is kept for operators.

import type { JsonObject } from '@pons/spec';
import { createInterestIndex } from '../appservices/interest.ts';
import { isCounted, openCursor } from '../appservices/count-members.ts';
import type { Appservice, AppserviceRegistry } from '../appservices/registry.ts';
import type { Clock, Timer } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { Tracing } from '../platform/telemetry/trace.ts';
import type { Commit } from '../storage/commit.ts';
import type { Database } from '../storage/database.ts';
import { keepTooOld } from '../storage/tables/appservice-too-old.ts';
import { findCursor, isFollowed, takeCursor, writeIdleSteps } from '../storage/tables/appservice-cursors.ts';
import { countSetAside } from '../storage/tables/appservice-set-aside.ts';
import type { CallAppservice } from './call-appservice.ts';
import { Deliverer } from './deliver.ts';
import { type DeliveryMemory, lagSampleMs } from './delivery-memory.ts';
import type { DeliveryStatus, Way } from './delivery-state.ts';
import { faultOf } from './fault.ts';
import { Feed } from './feed.ts';
import { StreamFollower } from './follow-stream.ts';
import { createRecentEvents } from './recent-events.ts';
import { createReadReplay } from './replay-events.ts';
import { thaw } from './thaw.ts';

/** Named pieces of work that one process does (stream/lease.ts). */
export interface DeliveryLeases {
  /**
   * Takes a lease.
   *
   * @param lost  called when it is gone without having been released
   * @returns undefined while another process holds it
   */
  take(name: string, lost: () => void): Promise<{ readonly fence: number; release(): Promise<void> } | undefined>;
}

export interface DeliveryParts {
  readonly db: Database;
  readonly registry: AppserviceRegistry;
  readonly leases: DeliveryLeases;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly tracing: Tracing;
  readonly call: CallAppservice;
  /** What operators look at. */
  readonly memory: DeliveryMemory;
  /** How it is reached; without it: here where it has a url. */
  readonly wayTo?: (appservice: Appservice) => Way;
  /** `appservices.request_timeout_ms` */
  readonly timeoutMs: number;
}

/** The delivery of a process. */
export interface AppserviceDelivery {
  start(): Promise<void>;
  /** Finishes what is in flight, records it, gives the leases back. */
  stop(): Promise<void>;
  /** Told by the door after each commit, before anybody is woken: saves reading it back. */
  committed(first: number, commit: Commit): void;
  /** The stream has grown, up to `position` where that is known (stream/wake.ts, in this process or another). */
  news(position?: number): void;
  /** Who types in a room now. */
  typing(roomNid: number, userIds: readonly string[]): void;
  /** How a user is now, content of m.presence, and the rooms whose members it concerns. */
  presence(userId: string, roomNids: Iterable<number>, content: JsonObject): void;
  /** The application service pinged or called: whatever waits for it is tried at once. */
  wakeAppservice(appserviceId: string): void;
  /** It has connected to this process or another by itself, or is not connected any more: send, or send no more. */
  waysChanged(appserviceId: string): void;
  /** It was paused, resumed, or events are to be replayed: by whom it sends, look again. */
  refresh(appserviceId: string): Promise<void>;
  /** undefined: another process sends for it, or nobody does (`url: null`, and it has never connected). */
  status(appserviceId: string): DeliveryStatus | undefined;
}

/** A cursor that nothing concerned is written at most this often. */
const idleWriteMs = 10_000;
/** Leases that others hold are tried for this often. */
const leaseRetryMs = 5000;
/** Another process lets a lease go when it hears that the websocket is here: tried for so long after that. */
const leaseMovingMs = 500;
/** What is in flight at a stop gets this long. */
const stopWithinMs = 5000;

type Lease = NonNullable<Awaited<ReturnType<DeliveryLeases['take']>>>;

interface Open {
  readonly appservice: Appservice;
  readonly deliverer: Deliverer;
  readonly lease: Lease;
}

/** The delivery; nothing happens before `start`. */
export function createDelivery(parts: DeliveryParts): AppserviceDelivery {
  const { db, registry, clock, log } = parts;
  const wayTo = parts.wayTo ?? (({ registration }) => (registration.url === null ? 'nowhere' : 'here'));
  const open = new Map<string, Open>();
  const recent = createRecentEvents(clock);
  const timers = new Map<string, Timer>();
  let opening: Promise<void> = Promise.resolve();
  /** Being counted, one after the other, and opened afterwards if they are still wanted. */
  const counting = new Map<string, Lease>();
  let counts: Promise<void> = Promise.resolve();
  /** Known to have no url and never to have connected. */
  const strangers = new Set<string>();
  let stopped = false;
  let unsubscribe = () => {};

  // For whom there is a feed: whatever is theirs is read.
  const deliversHere = ({ id }: Appservice) => open.has(id);
  const index = createInterestIndex(db, registry, unwrittenCounts, clock);
  const follower = new StreamFollower({
    ...parts,
    deliversHere,
    recent,
    index,
    onTooOld: (id, position) => parts.memory.transactions(id).tooOld(position),
    onWaiting: (feed) => open.get(feed.appservice.id)?.deliverer.kick(),
  });

  function keepTooOldOf(ids: readonly string[]): Promise<void> | undefined {
    const rows = ids.flatMap((appserviceId) =>
      parts.memory
        .transactions(appserviceId)
        .takeTooOld()
        .map((position) => ({ appserviceId, position })),
    );
    if (rows.length === 0) return undefined;
    return keepTooOld(db, rows).catch((error: unknown) => {
      for (const { appserviceId, position } of rows) parts.memory.transactions(appserviceId).tooOld(position);
      throw error;
    });
  }

  const readReplay = createReadReplay({
    ...parts,
    deliversHere,
    index,
    unwrittenRooms: () => follower.unwrittenRooms(),
  });

  function* unwrittenCounts(roomNid: number): Iterable<readonly [string, number]> {
    for (const feed of follower.feeds()) {
      const members = feed.unwrittenCount(roomNid);
      if (members !== undefined) yield [feed.appservice.id, members];
    }
  }

  function every(name: string, ms: number, work: () => Promise<void> | void): void {
    const again = async (): Promise<void> => {
      try {
        await work();
      } catch (error) {
        // The database is away; the next turn comes anyway.
        log.warn({ ...faultOf(error), work: name }, 'delivery to application services');
      }
      if (!stopped) every(name, ms, work);
    };
    timers.set(
      name,
      clock.setTimer(ms, () => void again()),
    );
  }

  // Opening and closing are done one after the other: a registration may change while its lease is being taken.
  function serially(work: () => Promise<void>): Promise<void> {
    opening = opening.then(work).catch((error: unknown) => log.warn(faultOf(error), 'opening a delivery failed'));
    return opening;
  }

  async function openAll(): Promise<void> {
    const failed: string[] = [];
    let fault: unknown;
    for (const appservice of registry.all()) {
      if (stopped) return;
      const { id } = appservice;
      const way = wayTo(appservice);
      const isHere = open.has(id) || counting.has(id);
      try {
        // Another process has its socket: what is in flight here will be sent there.
        if (way === 'elsewhere') await closeOne(id, 0);
        // One that is away and has been here is followed, so that everybody sees what waits for it.
        else if (!isHere && (way === 'here' || (await hasConnected(id)))) await openOne(appservice);
      } catch (error) {
        failed.push(id);
        fault = error;
      }
    }
    if (failed.length > 0) log.warn({ ...faultOf(fault), appservices: failed }, 'opening a delivery failed');
  }

  async function hasConnected(id: string): Promise<boolean> {
    if (strangers.has(id)) return false;
    if (isFollowed(await findCursor(db, id))) return true;
    strangers.add(id);
    return false;
  }

  async function openOne(appservice: Appservice): Promise<void> {
    const { id } = appservice;
    const lease = await parts.leases.take(`appservice:${id}`, () => void serially(() => closeOne(id, 0)));
    if (lease === undefined) return;
    await orRelease(lease, async () => {
      if (await isCounted(db, appservice)) return openCounted(appservice, lease);
      counting.set(id, lease);
      counts = counts.then(() => countThenOpen(appservice, lease));
    });
  }

  // It takes as long as the server has rooms: others are opened and closed meanwhile, and this one may have to be given up.
  async function countThenOpen(appservice: Appservice, lease: Lease): Promise<void> {
    const { id } = appservice;
    const isWanted = () => counting.get(id) === lease;
    let next = () => openCounted(appservice, lease);
    try {
      if (isWanted()) await openCursor(db, appservice, clock.now());
    } catch (error) {
      next = () => Promise.reject(error);
    }
    await serially(async () => {
      if (isWanted()) {
        counting.delete(id);
        return orRelease(lease, next);
      }
      await lease.release();
      await openAll(); // it may be wanted again
    });
  }

  async function orRelease(lease: Lease, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      await lease.release();
      throw error;
    }
  }

  async function openCounted(appservice: Appservice, lease: Lease): Promise<void> {
    const { id } = appservice;
    const cursor = await takeCursor(db, id, lease.fence);
    if (cursor === undefined) return await lease.release();
    const frozen = await thaw(db, id);
    const setAside = (await countSetAside(db)).get(id) ?? 0;
    const feed = new Feed(appservice, cursor.position, cursor.countedAt);
    const deliverer = new Deliverer(
      feed,
      { cursor, fence: lease.fence, setAside, ...(frozen === undefined ? {} : { frozen }) },
      {
        ...parts,
        recent: parts.memory.transactions(id),
        onTooOld: (position) => parts.memory.transactions(id).tooOld(position),
        keepTooOld: () => keepTooOldOf([id]),
        index,
        readReplay,
        isReached: () => wayTo(appservice) === 'here',
        unwrittenRooms: () => follower.unwrittenRooms(),
        roomId: async (roomNid) => {
          await index.load([roomNid]);
          return index.roomId(roomNid);
        },
        grownTo: () => follower.grownTo,
        onDrained: () => follower.drained(),
        onOvertaken: (overtaken) => void serially(() => closeOne(overtaken, 0)),
      },
    );
    open.set(id, { appservice, deliverer, lease });
    index.clear();
    follower.add(feed);
    deliverer.kick();
  }

  async function closeOne(id: string, withinMs: number): Promise<void> {
    counting.delete(id);
    const one = open.get(id);
    if (one === undefined) return;
    open.delete(id);
    follower.remove(id);
    await one.deliverer.stop(withinMs);
    await writeIdle([one]).catch(() => {}); // it is sent again instead: the application service knows its id
    index.clear();
    await one.lease.release();
  }

  async function writeIdle(all: Iterable<Open>): Promise<void> {
    const which = [...all];
    for (const { deliverer } of which) await deliverer.record();
    await keepTooOldOf(which.map(({ appservice: { id } }) => id));
    const owed = which.flatMap(({ deliverer }) => {
      const step = deliverer.idleStep();
      return step === undefined ? [] : [{ deliverer, step }];
    });
    const moved = await writeIdleSteps(
      db,
      owed.map(({ step }) => step),
    );
    for (const { deliverer, step } of owed) if (moved.has(step.appserviceId)) deliverer.idleWritten(step);
  }

  return {
    async start() {
      unsubscribe = registry.onChange(({ removed }) => {
        strangers.clear();
        void serially(async () => {
          for (const { id } of removed) {
            await closeOne(id, stopWithinMs);
            if (registry.byId(id) === undefined) parts.memory.forget(id);
          }
          index.clear();
          await openAll();
        });
      });
      await serially(openAll);
      await counts;
      every('idle cursors', idleWriteMs, () => writeIdle(open.values()));
      every('leases', leaseRetryMs, () => serially(openAll));
      every('lag', lagSampleMs, () => {
        for (const [id, { deliverer }] of open) parts.memory.sample(id, deliverer.status());
      });
    },
    async stop() {
      stopped = true;
      unsubscribe();
      for (const timer of timers.values()) timer.cancel();
      await follower.stop();
      await serially(async () => {
        counting.clear();
        await Promise.all([...open.keys()].map((id) => closeOne(id, stopWithinMs)));
      });
      await counts;
    },
    committed(first, commit) {
      if (open.size > 0) recent.committed(first, commit);
      parts.memory.committed(first, commit);
      const { room } = commit;
      if (room !== undefined && (room.aliases !== undefined || room.aliasesRemoved !== undefined))
        index.forgetRoom(room.roomNid);
    },
    news: (position) => follower.news(position),
    typing(roomNid, userIds) {
      follower.typing(roomNid, userIds).catch((error: unknown) => log.warn(faultOf(error), 'typing was not passed on'));
    },
    presence(userId, roomNids, content) {
      follower
        .presence(userId, roomNids, content)
        .catch((error: unknown) => log.warn(faultOf(error), 'presence was not passed on'));
    },
    wakeAppservice: (id) => open.get(id)?.deliverer.wake(),
    waysChanged(id) {
      strangers.delete(id);
      void serially(openAll);
      timers.get('moving')?.cancel();
      timers.set(
        'moving',
        clock.setTimer(leaseMovingMs, () => void serially(openAll)),
      );
      open.get(id)?.deliverer.wake();
      open.get(id)?.deliverer.kick();
    },
    async refresh(id) {
      const one = open.get(id);
      const cursor = one === undefined ? undefined : await findCursor(db, id);
      if (one === undefined || cursor === undefined) return;
      one.deliverer.setPaused(cursor.paused);
      one.deliverer.checkReplays();
    },
    status: (id) => open.get(id)?.deliverer.status(),
  };
}
