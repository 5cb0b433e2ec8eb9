// Token buckets under a clock whose hands the test turns: bursts, waits, bounds, and whom an address stands for.

import { expect, test } from 'vitest';
import { addressKey, createRateLimiter } from './rate-limit.ts';

function limiter(limits: Parameters<typeof createRateLimiter>[0]) {
  const hands = { now: 0 };
  return { hands, limiter: createRateLimiter(limits, () => hands.now) };
}

test('a burst passes, then one call per interval, and the wait is told in milliseconds', () => {
  const { hands, limiter: limits } = limiter({ message: { perSecond: 2, burst: 3 } });
  const take = () => limits.take('message', '@a:x');
  expect([take(), take(), take(), take()]).toEqual([0, 0, 0, 500]);
  hands.now = 499;
  expect(take()).toBe(1);
  hands.now = 500;
  expect([take(), take()]).toEqual([0, 500]);
});

test('a caller who waits as long as told passes', () => {
  const { hands, limiter: limits } = limiter({ login: { perSecond: 0.3, burst: 1 } });
  limits.take('login', 'a');
  hands.now = limits.take('login', 'a');
  expect(limits.take('login', 'a')).toBe(0);
});

test('users and classes do not share a bucket, and a class without a limit has none', () => {
  const one = { perSecond: 1, burst: 1 };
  const { limiter: limits } = limiter({ message: one, join: one });
  expect(limits.take('message', 'a')).toBe(0);
  expect(limits.take('message', 'b')).toBe(0);
  expect(limits.take('join', 'a')).toBe(0);
  for (let i = 0; i < 100; i += 1) expect(limits.take('media', 'a')).toBe(0);
});

test('never more than a bounded number of buckets is kept, full ones being forgotten first', () => {
  const { hands, limiter: limits } = limiter({ default: { perSecond: 1, burst: 2 } });
  for (let i = 0; i < 60_000; i += 1) {
    hands.now = i;
    limits.take('default', `user ${i}`);
    expect(limits.size).toBeLessThanOrEqual(20_000);
  }
  for (let i = 0; i < 60_000; i += 1) limits.take('default', `at once ${i}`);
  expect(limits.size).toBeLessThanOrEqual(20_000);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['unix', 'unix'],
])('%s counts as %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});
