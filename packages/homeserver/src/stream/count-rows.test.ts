// Statistics of a database that is new and grows.
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { countRows } from '../storage/analyze.ts';
import { registeredStatements } from '../storage/database.ts';
import '../storage/tables/forks.ts';
import { RowCounting } from './count-rows.ts';

let test: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  test = await testDatabase();
  client = new pg.Client({ connectionString: test.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await test.drop();
});

it('events are found by their numbers as soon as there are a thousand, and not by reading their room', async () => {
  await client.query(
    `insert into events (room_nid, event_nid, event_id, position, order_major, order_minor, type, sender, depth, origin_server_ts,
        line, state_version)
      select 1, n, '$' || n, n, n, 0, 'm.room.message', '@a:x', n, n, 0, 1 from generate_series(1, 1000) n`,
  );
  const counting = new RowCounting(
    () => countRows(test.db),
    (error) => expect.unreachable(String(error)),
  );
  counting.reached(1_000);
  await counting.stop();
  const byNumber = registeredStatements().find(({ name }) => name === 'forks.by_number');
  await client.query(`set plan_cache_mode = force_generic_plan; prepare by_number as ${byNumber?.text}`);
  const { rows } = await client.query<{ 'QUERY PLAN': string }>('explain execute by_number (null, null)');
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toMatch(/Index Cond: \(\(room_nid = \$1\) AND \(event_nid = w\.event_nid\)\)/);
});

it('tables are counted when there is four times as much, one count at a time, and no more when there is very much', async () => {
  const counted: number[] = [];
  let now = 0;
  const counting = new RowCounting(
    () => {
      counted.push(now);
      return new Promise((resolve) => setImmediate(resolve));
    },
    (error) => expect.unreachable(String(error)),
  );
  for (now of [1, 299, 300, 301, 1_199, 1_200, 15_000, 15_001, 19_199, 19_200, 20_001, 76_800, 500_000]) {
    counting.reached(now);
    counting.reached(now);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }
  expect(counted).toEqual([300, 1_200, 15_000, 19_200]);
  await counting.stop();
});

it('a process that begins with a large database counts nothing', async () => {
  const counting = new RowCounting(
    () => expect.unreachable('it counts'),
    (error) => expect.unreachable(String(error)),
  );
  counting.reached(20_001);
  counting.reached(5_000_000);
  await counting.stop();
});
