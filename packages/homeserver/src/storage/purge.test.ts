// Housekeeping and what it deletes.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { systemClock } from '../platform/clock.ts';
import { systemRandom } from '../platform/random.ts';
import { createHousekeeping } from '../stream/housekeeping.ts';
import { createLeases } from '../stream/lease.ts';
import { createDoor } from './group-commit.ts';

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
