// Ids, and the back-off that takes its jitter from the same randomness.
import { expect, it } from 'vitest';
import { createBackoff } from './backoff.ts';
import { randomFrom, systemRandom } from './random.ts';

it('an id has the length asked for and only letters and digits', () => {
  for (const chars of [0, 1, 18, 43, 200])
    expect(systemRandom.id(chars)).toMatch(new RegExp(`^[A-Za-z0-9]{${chars}}$`));
  expect(systemRandom.id(18)).not.toBe(systemRandom.id(18));
});

it('a backoff doubles up to its limit, never waits less than half of it, and starts again after a reset', () => {
  const least = createBackoff({ firstMs: 100, maxMs: 1000, random: randomFrom((count) => Buffer.alloc(count)) });
  expect([1, 2, 3, 4, 5, 6].map(() => least.nextMs())).toEqual([50, 100, 200, 400, 500, 500]);
  least.reset();
  expect(least.nextMs()).toBe(50);
  const most = createBackoff({ firstMs: 100, maxMs: 1000, random: randomFrom((count) => Buffer.alloc(count, 255)) });
  expect([1, 2, 3, 4, 5].map(() => most.nextMs())).toEqual([100, 200, 400, 800, 1000]);
});
