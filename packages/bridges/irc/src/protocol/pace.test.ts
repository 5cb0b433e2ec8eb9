// How fast we send and how soon we come back, on a clock that the test moves.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../test/fake-clock.ts';
import { BACKOFF_MAX_MS, backoffMs, endingOf } from './backoff.ts';
import { QUEUE_LINES_MAX, SendQueue } from './send-queue.ts';

describe('SendQueue', () => {
  it('sends a burst at once, then at the rate, in order', () => {
    const clock = fakeClock();
    const out: string[] = [];
    const queue = new SendQueue(clock, { burst: 3, linesPerSecond: 2 }, (line) => out.push(line));
    for (let n = 0; n < 6; n++) void queue.offer(String(n));
    expect([out.join(''), queue.length]).toEqual(['012', 3]);
    clock.advance(499);
    expect(out.join('')).toBe('012');
    clock.advance(1);
    expect(out.join('')).toBe('0123');
    clock.advance(10_000);
    expect(out.join('')).toBe('012345');
    expect(clock.waiting).toBe(0);
  });

  it('never sends more than burst + rate × time, whatever is offered when', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(3000)), { maxLength: 30 }), (steps) => {
        const clock = fakeClock(0);
        const sentAt: number[] = [];
        const queue = new SendQueue(clock, { burst: 4, linesPerSecond: 2 }, () => sentAt.push(clock.now()));
        for (const [lines, ms] of steps) {
          for (let n = 0; n < lines; n++) void queue.offer('x');
          clock.advance(ms);
        }
        for (const [first, from] of sentAt.entries()) {
          for (const [last, to] of sentAt.entries()) {
            if (last > first) expect(last - first + 1).toBeLessThanOrEqual(4 + ((to - from) * 2) / 1000 + 1e-6);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('counts what went past the queue, and dear commands for more', () => {
    const clock = fakeClock();
    const out: string[] = [];
    const queue = new SendQueue(clock, { burst: 4, linesPerSecond: 1 }, (line) => out.push(line));
    for (const line of ['CAP', 'NICK', 'USER']) void queue.urgent(line);
    void queue.offer('JOIN #a', 2);
    void queue.offer('x');
    expect(out).toHaveLength(3);
    clock.advance(1000);
    expect(out.at(-1)).toBe('JOIN #a');
    clock.advance(1000);
    expect(out.at(-1)).toBe('x');
    for (let n = 0; n < 100; n++) void queue.urgent('PONG');
    void queue.offer('dear', 100);
    clock.advance(8000);
    expect(out.at(-1)).toBe('dear');
  });

  it('takes no more lines than its bound, lets urgent ones pass, and tells what was lost', async () => {
    const out: string[] = [];
    const queue = new SendQueue(fakeClock(), { burst: 1, linesPerSecond: 1 }, (line, flushed) => {
      out.push(line);
      if (line === 'a') flushed();
    });
    const first = queue.offer('a');
    const second = queue.urgent('PONG');
    const waiting = Array.from({ length: QUEUE_LINES_MAX }, () => queue.offer('x'));
    expect(queue.offer('one too many')).toBeNull();
    expect(out).toEqual(['a', 'PONG']);
    queue.close();
    expect(await Promise.all([first, second, waiting[0]])).toEqual(['flushed', 'lost', 'lost']);
  });
});

describe('backoffMs', () => {
  it('doubles with jitter up to its cap', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (failures, chance) => {
          const ms = backoffMs(failures, 'failed', () => chance);
          const full = Math.min(BACKOFF_MAX_MS, 1000 * 2 ** Math.min(20, failures - 1));
          expect(ms).toBeGreaterThanOrEqual(full / 2);
          expect(ms).toBeLessThanOrEqual(full);
        },
      ),
    );
  });

  it.each([
    ['Closing Link: 1.2.3.4 (K-Lined)', 'banned'],
    ['Closing link: (unknown@::1) [Z-lined]', 'banned'],
    ['You are banned from this server', 'banned'],
    ['Closing Link: x (Excess Flood)', 'throttled'],
    ['Trying to reconnect too fast.', 'throttled'],
    ['Closing Link: x (Ping timeout)', 'failed'],
  ])('reads %s as %s', (text, ending) => {
    expect(endingOf(text)).toBe(ending);
  });
});
