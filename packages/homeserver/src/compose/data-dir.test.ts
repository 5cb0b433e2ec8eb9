// What is said of a data folder that cannot be one: the key, the folder, and what to do.
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { OperatorError } from '../platform/operator-error.ts';
import { makeDataDir } from './data-dir.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-data-dir-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a folder is made with all that is above it, for its owner alone, and one that is there is taken', () => {
  const dir = join(folder, 'a', 'b', 'c');
  makeDataDir(dir);
  makeDataDir(dir);
  expect(statSync(dir).mode & 0o777).toBe(0o700);
});

test.each([
  ['a file', () => (writeFileSync(join(folder, 'file'), ''), join(folder, 'file')), 'EEXIST|ENOTDIR'],
  ['below a file', () => '/dev/null/data', 'EEXIST|ENOTDIR'],
  ['below /proc', () => '/proc/pons/data', 'ENOENT|EACCES'],
  ['of a name too long', () => join(folder, 'x'.repeat(300)), 'ENAMETOOLONG'],
])('one that is %s is refused by its key, with the remedy', (_, dir, code) => {
  const place = dir();
  try {
    makeDataDir(place);
  } catch (error) {
    expect(error).toBeInstanceOf(OperatorError);
    expect((error as OperatorError).lines).toEqual([
      expect.stringMatching(
        new RegExp(`^data_dir: ${place} cannot be written \\((${code})\\): choose a folder that this user may write$`),
      ),
    ]);
    return;
  }
  expect.unreachable('it was taken');
});

test('one that this user may not write is refused the same way', ({ skip }) => {
  if (process.getuid?.() === 0) return skip('root may write everywhere');
  const dir = join(folder, 'closed');
  mkdirSync(dir, { mode: 0o500 });
  expect(() => makeDataDir(dir)).toThrow(/EACCES/);
  expect(() => makeDataDir(join(dir, 'below'))).toThrow(/EACCES/);
});
