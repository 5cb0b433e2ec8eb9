// The CPU pool with real threads: results, errors, a thread that dies, the bound.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { createCpuPool, workerModule } from './cpu-pool.ts';

const file = join(mkdtempSync(join(tmpdir(), 'pons-pool-')), 'sum.mjs');
writeFileSync(
  file,
  `export function work({ list, fail, exit }) {
     if (fail) throw new RangeError('no');
     if (exit) process.exit(1);
     return list.reduce((a, b) => a + b, 0);
   }`,
);
const module = pathToFileURL(file);
const pool = createCpuPool(2);
afterAll(() => pool.close());

test('a job runs in a thread and its result comes back', async () => {
  expect(await pool.run(module, { list: [1, 2, 3] })).toBe(6);
});

test('more jobs than threads wait their turn', async () => {
  const jobs = Array.from({ length: 20 }, (_, n) => pool.run(module, { list: [n, n] }));
  expect(await Promise.all(jobs)).toEqual(Array.from({ length: 20 }, (_, n) => 2 * n));
});

test('what a job throws is its caller’s', async () => {
  await expect(pool.run(module, { fail: true })).rejects.toThrow('no');
  expect(await pool.run(module, { list: [4] })).toBe(4);
});

test('a thread that dies fails its job only', async () => {
  await expect(pool.run(module, { exit: true })).rejects.toThrow();
  expect(await pool.run(module, { list: [5] })).toBe(5);
});

test('beyond the bound a job is refused at once', async () => {
  const small = createCpuPool(1);
  const jobs = Array.from({ length: 1_001 }, () => small.run(module, { list: [1] }));
  await expect(small.run(module, { list: [1] })).rejects.toMatchObject({ status: 503 });
  expect(await Promise.all(jobs)).toHaveLength(1_001);
  await small.close();
});

test('a module stands beside its caller, as source or as published file', () => {
  expect(workerModule('file:///a/b.ts', './x.worker').href).toBe('file:///a/x.worker.ts');
  expect(workerModule('file:///a/b.js', './x.worker').href).toBe('file:///a/x.worker.js');
});
