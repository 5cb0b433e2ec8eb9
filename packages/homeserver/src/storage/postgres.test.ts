// The driver behind Database: types, errors, transactions, notifications.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { systemClock } from '../platform/clock.ts';
import { StorageError } from './database.ts';
import { openDatabase } from './postgres.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase({ poolSize: 2 });
});
afterAll(() => test.drop());

describe('a database', () => {
  it('gives int8 as numbers, bytea as buffers and arrays as arrays, and takes them', async () => {
    const rows = await test.db.query<Record<string, unknown>>(
      {
        name: 'test.types',
        text: 'select $1::int8 as big, $2::bytea as bytes, $3::int8[] as bigs, $4::text[] as texts, $5::bytea[] as many, $6::bool as yes',
      },
      [
        2 ** 53 - 1,
        Buffer.from([0, 255]),
        [1, 2 ** 40],
        ['a"b', 'c,d\\', 'NULL', '{}'],
        [Buffer.from([1]), Buffer.from([2, 3])],
        true,
      ],
    );
    expect(rows).toEqual([
      {
        big: 2 ** 53 - 1,
        bytes: Buffer.from([0, 255]),
        bigs: [1, 2 ** 40],
        texts: ['a"b', 'c,d\\', 'NULL', '{}'],
        many: [Buffer.from([1]), Buffer.from([2, 3])],
        yes: true,
      },
    ]);
  });

  it('answers an error as StorageError with its SQLSTATE and constraint, and the connection stays usable', async () => {
    const add = { name: 'test.add_secret', text: "insert into secrets values ('twice', 'x')" };
    await test.db.query(add);
    await expect(test.db.query(add)).rejects.toMatchObject({ code: '23505', constraint: 'secrets_pkey' });
    await expect(test.db.query(add)).rejects.toBeInstanceOf(StorageError);
    expect(await test.db.query({ name: 'test.one', text: 'select 1 as one' })).toEqual([{ one: 1 }]);
  });

  it('a transaction that throws leaves nothing, and what it threw comes out unchanged', async () => {
    const mine = new TypeError('mine');
    const failed = test.db.transaction(async (tx) => {
      await tx.query({ name: 'test.add_in_tx', text: "insert into secrets values ('tx', 'x')" });
      throw mine;
    });
    await expect(failed).rejects.toBe(mine);
    expect(await test.db.query({ name: 'test.find_tx', text: "select from secrets where name = 'tx'" })).toEqual([]);
  });

  it('hears its own notifications and those of others, on its channels only', async () => {
    const other = await openDatabase({ connection: test.url, clock: systemClock, poolSize: 1 });
    const heard: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = await test.db.listen('test_news', (payload) => {
      heard.push(payload);
      if (heard.length === 2) resolve();
    });
    await other.notify('test_other', 'no');
    await other.notify('test_news', 'from other');
    await test.db.notify('test_news', 'from here');
    await promise;
    expect(heard.toSorted()).toEqual(['from here', 'from other']);
    await stop();
    await other.close();
  });

  it('what one listener cannot understand is heard by the others all the same', async () => {
    const stop = await test.db.listen('garbage', (payload) => JSON.parse(payload) as undefined);
    const heard = new Promise<string>((resolve) => void test.db.listen('garbage', resolve));
    await test.db.notify('garbage', 'no {json');
    expect(await heard).toBe('no {json');
    await stop();
  });

  it('listens again after its connection was ended, and says that something may have been missed', async () => {
    const heard: string[] = [];
    let tell = () => {};
    const stop = await test.db.listen('test_lost', (payload) => {
      heard.push(payload);
      tell();
    });
    const next = () => new Promise<void>((resolve) => (tell = resolve));
    const back = next();
    await test.db.query({
      name: 'test.kill_listener',
      text: `select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%' and datname = current_database()`,
    });
    await back;
    const more = next();
    await test.db.notify('test_lost', 'after');
    await more;
    expect(heard).toEqual(['', 'after']);
    await stop();
  });

  it('a server that is not there is unreachable', async () => {
    const opening = openDatabase({ connection: 'postgresql:///x?host=/nowhere&user=x', clock: systemClock, waitMs: 0 });
    await expect(opening).rejects.toMatchObject({ code: 'unreachable' });
  });
});
