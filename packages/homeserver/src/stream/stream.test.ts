// Wake-ups, invalidations and leases between several processes, each played by its own set of parts on one database.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { systemClock } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import { createDoor } from '../storage/group-commit.ts';
import { createCoverage } from './coverage.ts';
import { createInvalidations } from './invalidate.ts';
import { createLeases } from './lease.ts';
import { createWake, type News } from './wake.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

describe('coverage', () => {
  it('closes gaps in any order and knows the newest', () => {
    const covered = createCoverage();
    covered.restart(10);
    covered.add(13, 14);
    covered.add(12, 12);
    expect([covered.upTo, covered.newest]).toEqual([10, 14]);
    covered.add(11, 11);
    expect(covered.upTo).toBe(14);
    covered.add(20, 21);
    covered.restart(19);
    expect(covered.upTo).toBe(21);
  });
});

function follower() {
  const heard: News[] = [];
  const missed: number[] = [];
  let told = () => {};
  return {
    heard,
    missed,
    next: () => new Promise<void>((resolve) => (told = resolve)),
    asFollower: {
      news: (news: News) => {
        heard.push(news);
        told();
      },
      missed: (position: number) => {
        missed.push(position);
        told();
      },
    },
  };
}

describe('wake', () => {
  it('wakes followers here at once and followers of another process by NOTIFY, not twice', async () => {
    const [here, there] = [follower(), follower()];
    const options = { db: test.db, clock: systemClock, shared: true };
    const one = createWake({ ...options, processId: 'one' });
    const two = createWake({ ...options, processId: 'two' });
    one.onNews(here.asFollower);
    two.onNews(there.asFollower);
    await one.start();
    await two.start();
    const door = createDoor(test.db, { clock: systemClock, random: systemRandom, onCommitted: one.committed });
    const arrived = there.next();
    await door.commit({ receipts: [receipt('@a:x')], accountData: [data('@b:x')], positions: 2 });
    const news = { position: one.position, roomNids: [7], userIds: ['@b:x'] };
    expect(here.heard).toMatchObject([{ ...news, here: { commits: [{ first: one.position - 1 }] } }]);
    await arrived;
    expect(there.heard).toEqual([news]);
    expect(two.position).toBe(one.position);
    await one.stop();
    await two.stop();
    expect([here.heard.length, here.missed, there.missed]).toEqual([1, [], []]);
  });

  it('one that throws keeps the news from nobody else', async () => {
    const after = follower();
    const failures: unknown[] = [];
    const wake = createWake({
      db: test.db,
      clock: systemClock,
      processId: 'alone',
      shared: false,
      failed: (error) => failures.push(String(error)),
    });
    const broken = () => {
      throw new TypeError('broken');
    };
    wake.onNews({ news: broken, missed: broken });
    wake.onNews(after.asFollower);
    wake.committed({ first: 1, last: 2, roomNids: [7], userIds: [] });
    expect(after.heard).toEqual([{ position: 2, roomNids: [7], userIds: [] }]);
    expect(failures).toEqual(['TypeError: broken']);
    await wake.stop();
  });

  it('what nobody told is found by the poll, in its second round and once', async () => {
    const clock = fakeClock();
    const there = follower();
    const silent = createDoor(test.db, { clock: systemClock, random: systemRandom, onCommitted: () => {} });
    // Its own listening would be heard by nobody: nothing is told.
    const wake = createWake({ db: test.db, clock, processId: 'three', shared: true });
    wake.onNews(there.asFollower);
    await wake.start();
    const outcome = await silent.commit({ accountData: [data('@c:x')], positions: 1 });
    const found = there.next();
    await clock.advance(1_000);
    await settle(() => clock.pending > 0);
    await clock.advance(1_000);
    await found;
    await settle(() => clock.pending > 0);
    await clock.advance(1_000);
    expect(there.missed).toEqual([(outcome as { first: number }).first]);
    await wake.stop();
  });

  it('too many rooms for one payload: the others look for themselves', async () => {
    const there = follower();
    const options = { db: test.db, clock: systemClock, shared: true };
    const one = createWake({ ...options, processId: 'one' });
    const two = createWake({ ...options, processId: 'two' });
    two.onNews(there.asFollower);
    await Promise.all([one.start(), two.start()]);
    const arrived = there.next();
    const first = one.position + 1;
    one.committed({ first, last: first, roomNids: Array.from({ length: 3_000 }, (_, nid) => nid), userIds: [] });
    await arrived;
    expect([there.heard, there.missed]).toEqual([[], [first]]);
    await Promise.all([one.stop(), two.stop()]);
  });
});

const receipt = (userId: string) => ({
  roomNid: 7,
  userId,
  type: 'm.read',
  threadId: '',
  eventId: '$1',
  ts: 1,
  at: 0,
});
const data = (userId: string) => ({ userId, roomNid: 0, type: 'm.direct', json: '{}', at: 0 });

/** Gives the database its time while the fake clock stands still. */
async function settle(until: () => boolean): Promise<void> {
  while (!until()) await new Promise((resolve) => setImmediate(resolve));
}

describe('invalidations', () => {
  it('reach every process within two polls, in order, and say when they cannot be heard', async () => {
    const clock = fakeClock();
    const invalidations = createInvalidations({ db: test.db, clock, shared: true });
    const forgotten: string[] = [];
    invalidations.onInvalidated('token', (keys) => forgotten.push(...keys));
    await invalidations.start();
    expect(invalidations.isCurrent()).toBe(true);
    await test.db.transaction((tx) => invalidations.invalidate(tx, 'token', ['a', 'b']));
    await test.db.transaction((tx) => invalidations.invalidate(tx, 'user', ['@u:x']));
    await clock.advance(500);
    await settle(() => clock.pending > 0);
    expect(forgotten).toEqual(['a', 'b']);
    await invalidations.stop();
    await clock.advance(1_000);
    expect(invalidations.isCurrent()).toBe(false);
  });

  it('a process that is alone with its database writes none', async () => {
    const alone = createInvalidations({ db: test.db, clock: fakeClock(), shared: false });
    await alone.start();
    const count = { name: 'test.count', text: 'select count(*)::int as count from invalidations' };
    const before = await test.db.query(count);
    await test.db.transaction((tx) => alone.invalidate(tx, 'token', ['c']));
    expect(await test.db.query(count)).toEqual(before);
    expect(alone.isCurrent()).toBe(true);
    await alone.stop();
  });
});

describe('leases', () => {
  it('one process holds a lease, the next gets a greater number', async () => {
    const [one, two] = [0, 0].map(() => createLeases({ connection: test.url, clock: systemClock }));
    const never = () => expect.unreachable('the lease was lost');
    const first = await one!.take('work', never);
    expect(first?.fence).toBe(1);
    expect(await one!.take('work', never)).toBeUndefined();
    expect(await two!.take('work', never)).toBeUndefined();
    expect((await two!.take('other work', never))?.fence).toBe(1);
    await first?.release();
    expect((await two!.take('work', never))?.fence).toBe(2);
    await one!.stop();
    await two!.stop();
  });

  it('a holder whose connection ends is told, another can take over, and it can take again itself', async () => {
    const [one, two] = [0, 0].map(() => createLeases({ connection: test.url, clock: systemClock }));
    const { promise: isLost, resolve: lost } = Promise.withResolvers<void>();
    await one!.take('fragile', lost);
    await test.db.query({
      name: 'test.kill_session',
      text: `select pg_terminate_backend(a.pid) from pg_locks l join pg_stat_activity a using (pid)
        where l.locktype = 'advisory' and a.datname = current_database()`,
    });
    await isLost;
    const taken = await two!.take('fragile', () => {});
    expect(taken?.fence).toBe(2);
    await taken?.release();
    expect((await one!.take('fragile', () => {}))?.fence).toBe(3);
    await Promise.all([one!.stop(), two!.stop()]);
  });
});
