// Housekeeping and what it deletes.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { systemClock } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import { createHousekeeping } from '../stream/housekeeping.ts';
import { createLeases } from '../stream/lease.ts';
import { createDoor } from './group-commit.ts';
import { ensureDevice } from './tables/devices.ts';
import { addOneTimeKeys, claimKeys } from './tables/one-time-keys.ts';
import { insertUser } from './tables/users.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

it('housekeeping forgets old client transactions, keeps young ones, and leaves a turn to the process that has it', async () => {
  const door = createDoor(test.db, { clock: systemClock, random: systemRandom, onCommitted: () => {} });
  const clock = fakeClock();
  const days = 24 * 60 * 60_000;
  const transaction = (txnId: string, ageDays: number) => ({
    userId: '@a:x',
    deviceId: '',
    endpoint: 'sendMessage',
    roomNid: 1,
    response: '{}',
    txnId,
    createdTs: clock.now() - ageDays * days,
  });
  await door.commit({
    clientTransactions: [transaction('old', 31), transaction('young', 29)],
    positions: 0,
  });
  const [leases, others] = [0, 0].map(() => createLeases({ connection: test.url, clock: systemClock }));
  const housekeeping = createHousekeeping({ db: test.db, leases: leases!, clock, failed: () => expect.unreachable() });
  const theirs = await others!.take('housekeeping', () => {});
  expect(await housekeeping.run()).toBe(false);
  await theirs?.release();
  expect(await housekeeping.run()).toBe(true);
  expect(await test.db.query({ name: 'test.left', text: 'select txn_id from client_transactions' })).toEqual([
    { txn_id: 'young' },
  ]);
  await Promise.all([leases!.stop(), others!.stop()]);
});

it('housekeeping forgets keys that were handed out long ago, and changes of device lists that a newer one has overtaken', async () => {
  const { db } = test;
  const door = createDoor(db, { clock: systemClock, random: systemRandom, onCommitted: () => {} });
  const clock = fakeClock();
  const device = { userId: '@a:x', deviceId: 'D' };
  await insertUser(db, {
    userId: device.userId,
    passwordHash: null,
    createdTs: 0,
    admin: false,
    guest: false,
    appserviceId: null,
  });
  await ensureDevice(db, { ...device, displayName: null, createdTs: 0 });
  const keys = ['old', 'young', 'unclaimed'].map((keyId) => ({ algorithm: 'a', keyId, json: '"x"' }));
  const days = 24 * 60 * 60_000;
  for (const [index, age] of [31, 29].entries()) {
    await addOneTimeKeys(db, device, keys.slice(index, index + 1));
    await claimKeys(db, [{ ...device, algorithm: 'a' }], clock.now() - age * days);
  }
  await addOneTimeKeys(db, device, keys.slice(2));
  const change = (userId: string, onlyFor?: string) => ({
    userId,
    at: 0,
    ...(onlyFor === undefined ? {} : { onlyFor }),
  });
  for (const one of [change('@a:x'), change('@b:x'), change('@a:x', '@c:x'), change('@a:x')]) {
    await door.commit({ deviceListChanges: [one], positions: 1 });
  }
  const leases = createLeases({ connection: test.url, clock: systemClock });
  const housekeeping = createHousekeeping({ db, leases, clock, failed: () => expect.unreachable() });
  expect(await housekeeping.run()).toBe(true);
  expect(
    await db.query({ name: 'test.keys', text: 'select key_id from one_time_keys order by upload, key_id' }),
  ).toEqual([{ key_id: 'unclaimed' }, { key_id: 'young' }]);
  const left = { name: 'test.changes', text: 'select user_id, only_for from device_list_changes order by position' };
  expect(await db.query(left)).toEqual([
    { user_id: '@b:x', only_for: null },
    { user_id: '@a:x', only_for: '@c:x' },
    { user_id: '@a:x', only_for: null },
  ]);
  await leases.stop();
});
