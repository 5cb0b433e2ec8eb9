// Counts of keys are remembered as long as they are right, in the process that changed them and in the others.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { keyCountsBetween } from '../compose/key-counts-between.ts';
import type { Queryable } from '../storage/database.ts';
import { addOneTimeKeys, claimKeys } from '../storage/tables/one-time-keys.ts';
import { KeyCountMemory } from './key-counts.ts';

let test: TestDatabase;
let serial = 0;
let device = { userId: '@alice:pons.test', deviceId: '' };
beforeAll(async () => {
  test = await testDatabase();
  await test.db.query({
    name: 'test.user',
    text: `insert into users (user_id, created_ts) values ('@alice:pons.test', 0)`,
  });
});
afterAll(() => test.drop());
beforeEach(async () => {
  device = { ...device, deviceId: `D${(serial += 1)}` };
  await test.db.query(
    { name: 'test.device', text: 'insert into devices (user_id, device_id, created_ts) values ($1, $2, 0)' },
    [device.userId, device.deviceId],
  );
});

function process(publish: ConstructorParameters<typeof KeyCountMemory>[0]['publish'] = () => {}) {
  const clock = fakeClock();
  const at = { reads: 0, between: async () => {} };
  const db: Queryable = {
    query: async (statement, values) => {
      at.reads += 1;
      const rows = await test.db.query<never>(statement, values);
      await at.between();
      return rows;
    },
  };
  return { at, clock, memory: new KeyCountMemory({ db, clock, publish }) };
}

const upload = async (memory: KeyCountMemory) => {
  await addOneTimeKeys(test.db, device, [{ algorithm: 'a', keyId: `k${(serial += 1)}`, json: '{}' }]);
  memory.changed([device]);
};
const countIn = async (memory: KeyCountMemory) => (await memory.of(device))?.oneTimeKeys['a'] ?? 0;

it('they are read once, and again after an upload and a claim', async () => {
  const { at, memory } = process();
  expect([await countIn(memory), await countIn(memory), at.reads]).toEqual([0, 0, 1]);
  await upload(memory);
  expect([await countIn(memory), await countIn(memory), at.reads]).toEqual([1, 1, 2]);
  await claimKeys(test.db, [{ ...device, algorithm: 'a' }], 0);
  memory.changed([device]);
  expect(await countIn(memory)).toBe(0);
});

it('what was read before a change and arrives after it is not remembered', async () => {
  const { at, memory } = process();
  at.between = async () => {
    at.between = async () => {};
    await upload(memory);
  };
  expect(await countIn(memory)).toBe(0);
  expect(await countIn(memory)).toBe(1);
});

it('other processes hear of a change, and of more than can be named', async () => {
  const [here, there] = [keyCountsBetween(test.db, 'here'), keyCountsBetween(test.db, 'there')];
  const one = process((devices) => here.tell(devices));
  const other = process();
  const heard: number[] = [];
  const stop = await there.listen((devices) => {
    heard.push(devices?.length ?? 0);
    other.memory.heard(devices);
  });
  expect(await countIn(other.memory)).toBe(0);
  await upload(one.memory);
  await expect.poll(() => heard).toEqual([1]);
  expect(await countIn(other.memory)).toBe(1);
  one.memory.changed(Array.from({ length: 1_000 }, (_, n) => ({ ...device, deviceId: `other${n}` })));
  await expect.poll(() => heard).toEqual([1, 0]);
  await stop();
});

it('one that missed it is right after half a minute', async () => {
  const [one, other] = [process(), process()];
  expect(await countIn(other.memory)).toBe(0);
  await upload(one.memory);
  expect(await countIn(other.memory)).toBe(0);
  await other.clock.advance(30_000);
  expect(await countIn(other.memory)).toBe(1);
});
