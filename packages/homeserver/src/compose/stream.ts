// The stream of this process: the door, the wake-ups and invalidations between processes, leases, typing notices, presence, the index of
// waiting /sync requests; and who hears of what.
//
//   door ── after the commit ──▶ delivery (the rows themselves) ──▶ wake ──▶ news for /sync and delivery, here and in other processes
//
// On the embedded database this process is alone: nothing is told to others, nothing is polled.

import type { AccessTokens } from '../accounts/access-tokens.ts';
import { KeyCountMemory } from '../e2ee/key-counts.ts';
import { Presence, type PresenceReport } from '../ephemeral/presence.ts';
import { Typing, type TypingNotice } from '../ephemeral/typing.ts';
import type { Config } from '../platform/config/schema.ts';
import { countRows } from '../storage/analyze.ts';
import type { Door } from '../storage/commit.ts';
import type { Database } from '../storage/database.ts';
import { createDoor } from '../storage/group-commit.ts';
import { joinedRoomNidsOf } from '../storage/tables/room-members.ts';
import { createInvalidations, type Invalidations } from '../stream/invalidate.ts';
import { createLeases, type Leases } from '../stream/lease.ts';
import { RowCounting } from '../stream/count-rows.ts';
import { createWake, type Wake } from '../stream/wake.ts';
import { NewsIndex } from '../sync/wait-for-news.ts';
import type { Appservices } from './appservices.ts';
import { observeDoor } from './door-metrics.ts';
import { keyCountsBetween } from './key-counts-between.ts';
import type { Ground } from './ground.ts';
import type { Storage } from './open-storage.ts';

/** The stream, and what hangs on it. */
export interface Stream {
  readonly door: Door;
  readonly wake: Wake;
  readonly invalidations: Invalidations;
  readonly leases: Leases;
  readonly typing: Typing;
  readonly presence: Presence;
  readonly news: NewsIndex;
  readonly keyCounts: KeyCountMemory;
  /** Who is told of commits, typing and invalidations; called once, before `start`. */
  follow(followers: Followers): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Those who hear of more than /sync does. */
export interface Followers {
  readonly appservices: Pick<Appservices, 'delivery' | 'loader'>;
  readonly accessTokens: AccessTokens;
}

const typingChannel = 'pons_typing';
const presenceChannel = 'pons_presence';
/** Letters that tell this process from the others on its database. */
const PROCESS_ID_CHARS = 8;

/** Opens it; nobody is told anything before `start`. */
export function openStream(config: Config, { db, connection }: Storage, ground: Ground): Stream {
  const { clock, random, metrics, log } = ground;
  const shared = config.database.kind === 'server';
  const failed = (error: unknown) => log.error({ err: error }, 'somebody who follows the stream failed');
  const processId = random.id(PROCESS_ID_CHARS);
  const wake = createWake({ db, clock, processId, shared, failed });
  const counting = new RowCounting(
    () => countRows(db),
    (error) => log.warn({ err: error }, 'tables were not counted'),
  );
  const invalidations = createInvalidations({ db, clock, shared });
  const leases = createLeases({ connection, clock });
  const news = new NewsIndex(clock);
  const keyCountsElsewhere = keyCountsBetween(db, processId);
  const keyCounts = new KeyCountMemory({
    db,
    clock,
    publish(devices) {
      if (shared) keyCountsElsewhere.tell(devices);
    },
  });
  let delivery: Appservices['delivery'] | undefined;
  const door = createDoor(db, {
    clock,
    random,
    observe: observeDoor(metrics.registry),
    failed,
    onCommitted(committed) {
      try {
        for (const { first, commit } of committed.commits) {
          delivery?.committed(first, commit);
          if (commit.keys?.devicesRemoved !== undefined) keyCounts.changed(commit.keys.devicesRemoved);
        }
      } finally {
        wake.committed(committed);
      }
    },
  });
  const typingElsewhere = typingBetween(db, processId);
  const typing = new Typing({
    clock,
    publish(notice) {
      if (shared) typingElsewhere.tell(notice);
    },
  });
  const presenceElsewhere = presenceBetween(db, processId);
  const presence = new Presence({
    clock,
    publish(report) {
      if (shared) presenceElsewhere.tell(report);
    },
    roomsOf: (userId) => joinedRoomNidsOf(db, userId),
  });
  const stopListening: (() => Promise<void>)[] = [];
  return {
    door,
    wake,
    invalidations,
    leases,
    typing,
    presence,
    news,
    keyCounts,
    follow({ appservices, accessTokens }) {
      delivery = appservices.delivery;
      wake.onNews({ news: ({ position }) => counting.reached(position), missed: () => {} });
      tellFollowers({ wake, typing, presence, news, invalidations }, { appservices, accessTokens }, ground);
    },
    async start() {
      if (shared) {
        stopListening.push(await typingElsewhere.listen((notice) => typing.heard(notice)));
        stopListening.push(await keyCountsElsewhere.listen((devices) => keyCounts.heard(devices)));
        stopListening.push(await presenceElsewhere.listen((from, report) => presence.heard(from, report)));
      }
      await invalidations.start();
      await wake.start();
    },
    async stop() {
      typing.close();
      presence.close();
      await door.close();
      await wake.stop();
      await counting.stop();
      await invalidations.stop();
      await leases.stop();
      for (const stop of stopListening) await stop();
    },
  };
}

function tellFollowers(
  {
    wake,
    typing,
    presence,
    news,
    invalidations,
  }: Pick<Stream, 'wake' | 'typing' | 'presence' | 'news' | 'invalidations'>,
  { appservices, accessTokens }: Followers,
  { log }: Ground,
): void {
  const { delivery, loader } = appservices;
  wake.onNews({ news: (heard) => news.heard(heard), missed: (position) => news.heardAll(position) });
  wake.onNews({ news: ({ position }) => delivery.news(position), missed: () => delivery.news() });
  typing.onChange((roomNid) => {
    news.heardOfRoom(roomNid);
    delivery.typing(roomNid, typing.typistsIn(roomNid));
  });
  presence.onChange((userId, roomNids) => {
    for (const roomNid of roomNids) news.heardOfRoom(roomNid);
    delivery.presence(userId, roomNids, presence.contentOf(userId) ?? { presence: 'offline' });
  });
  invalidations.onInvalidated('token', (keys) => {
    for (const key of keys) accessTokens.forget('token', key);
  });
  invalidations.onInvalidated('user', (keys) => {
    for (const userId of keys) accessTokens.forget('user', userId);
  });
  invalidations.onInvalidated('appservices', (ids) => {
    void loader
      .load()
      .then(() => Promise.all(ids.map((id) => delivery.refresh(id))))
      .catch((error: unknown) => log.error({ err: error }, 'registrations could not be loaded again'));
  });
}

// Typing notices have no position: they go by NOTIFY alone. One that is lost ends by itself.
function typingBetween(db: Database, processId: string) {
  return {
    tell({ roomNid, userId, timeoutMs }: TypingNotice): void {
      const payload = JSON.stringify([processId, roomNid, userId, timeoutMs]);
      db.notify(typingChannel, payload).catch(() => {}); // the database is away: nobody types for long
    },
    listen: (heard: (notice: TypingNotice) => void) =>
      db.listen(typingChannel, (payload) => {
        if (payload === '') return;
        const [from, roomNid, userId, timeoutMs] = JSON.parse(payload) as [string, number, string, number];
        if (from !== processId) heard({ roomNid, userId, timeoutMs });
      }),
  };
}

// Presence has no position either: what is lost is said again while it lasts, or ends by itself.
function presenceBetween(db: Database, processId: string) {
  return {
    tell(report: PresenceReport): void {
      db.notify(presenceChannel, JSON.stringify([processId, report])).catch(() => {}); // said again in two minutes
    },
    listen: (heard: (from: string, report: PresenceReport) => void) =>
      db.listen(presenceChannel, (payload) => {
        if (payload === '') return;
        const [from, report] = JSON.parse(payload) as [string, PresenceReport];
        if (from !== processId) heard(from, report);
      }),
  };
}
