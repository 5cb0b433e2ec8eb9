// Ages, counts and sizes as the commands of `pons` print them.

import { expect, test } from 'vitest';
import { ago, counted, minuteOf, sizeInWords, span } from './in-words.ts';

const minute = 60_000;
const hour = 60 * minute;

test.each([
  [0, 'less than a second'],
  [1_000, '1 s'],
  [59_999, '59 s'],
  [3 * minute + 59_000, '3 min'],
  [2 * hour - 1, '1 h'],
  [47 * hour, '47 h'],
  [49 * hour, '2 d'],
])('%d ms are %s', (ms, words) => {
  expect(span(ms)).toBe(words);
});

test('a moment is so long ago, or now, also by a clock that is behind', () => {
  expect([ago(1_000, 181_000), ago(1_000, 1_500), ago(9_000, 1_000)]).toEqual(['3 min ago', 'just now', 'just now']);
  expect(minuteOf(Date.UTC(2026, 11, 24, 18, 0, 59))).toBe('2026-12-24 18:00 UTC');
});

test('one is one, and all else are many', () => {
  expect([0, 1, 2].map((count) => counted(count, 'error'))).toEqual(['0 errors', '1 error', '2 errors']);
  expect(counted(3, 'alias', 'aliases')).toBe('3 aliases');
});

test('sizes have the unit that fits', () => {
  expect([999, 1_000, 3_449, 1_250_000].map(sizeInWords)).toEqual(['999 B', '1.0 kB', '3.4 kB', '1.3 MB']);
});
