// The shared commit: durable when resolved, and one write's failure is nobody else's.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openSqlite } from './sqlite.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true }));
const STEPS = ['create table t (n integer primary key) strict'];

test('a write that throws takes back its own changes and nobody else’s', async () => {
  const sqlite = openSqlite(':memory:');
  sqlite.migrate('test', STEPS);
  const outcomes = await Promise.allSettled([
    sqlite.write(() => sqlite.run('insert into t values (1)')),
    sqlite.write(() => {
      sqlite.run('insert into t values (2)');
      throw new RangeError('not this one');
    }),
    sqlite.write(() => sqlite.run('insert into t values (3)')),
  ]);
  expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(sqlite.all<{ n: number }>('select n from t').map((row) => row.n)).toEqual([1, 3]);
  sqlite.close();
});

test('a write that was resolved is there when the file is opened again', async () => {
  const path = join(folder, 'again.sqlite');
  const first = openSqlite(path);
  first.migrate('test', STEPS);
  await first.write(() => first.run('insert into t values (7)'));
  const second = openSqlite(path);
  expect(second.all('select n from t')).toHaveLength(1);
  first.close();
  second.close();
});

test('a migration step runs once, and closing commits what still waits', async () => {
  const path = join(folder, 'steps.sqlite');
  const first = openSqlite(path);
  first.migrate('test', STEPS);
  const written = first.write(() => first.run('insert into t values (1)'));
  first.close();
  await written;
  const second = openSqlite(path);
  second.migrate('test', [...STEPS, 'alter table t add column more text']);
  expect(second.get<{ n: number; more: string | null }>('select n, more from t')).toEqual({ n: 1, more: null });
  second.close();
});

test('changing rows outside write() is refused', () => {
  const sqlite = openSqlite(':memory:');
  sqlite.migrate('test', STEPS);
  expect(() => sqlite.run('insert into t values (1)')).toThrow(TypeError);
  sqlite.close();
});

test('writes beyond the size of one shared commit are all done', async () => {
  const sqlite = openSqlite(':memory:');
  sqlite.migrate('test', STEPS);
  await Promise.all(
    Array.from({ length: 1_200 }, (_, n) => sqlite.write(() => sqlite.run('insert into t values (?)', n))),
  );
  expect(sqlite.get('select count(*) as n from t')).toEqual({ n: 1_200 });
  sqlite.close();
});
