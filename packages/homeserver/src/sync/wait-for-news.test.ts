// Long-polling must miss nothing and wake nobody for nothing: the races between reading, waiting and being told, one by one.
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { NewsIndex } from './wait-for-news.ts';

const alice = '@alice:pons.test';
const bob = '@bob:pons.test';

function index() {
  const clock = fakeClock();
  const news = new NewsIndex(clock);
  news.heardAll(0);
  const wait = (
    userId: string,
    rooms: number[],
    after: number,
    more: { timeoutMs?: number; signal?: AbortSignal } = {},
  ) =>
    news.wait({
      userId,
      roomNids: new Set(rooms),
      after,
      timeoutMs: more.timeoutMs ?? 1_000,
      signal: more.signal ?? new AbortController().signal,
    });
  return { clock, news, wait };
}

describe('waiting for news', () => {
  it('wakes those whose room or name is concerned, and nobody else', async () => {
    const { clock, news, wait } = index();
    const waits = [wait(alice, [1, 2], 0), wait(bob, [3], 0), wait('@carol:pons.test', [], 0)];
    news.heard({ position: 1, roomNids: [2], userIds: ['@carol:pons.test'] });
    expect(news.size).toBe(1);
    await clock.advance(1_000);
    expect(await Promise.all(waits)).toEqual(['news', 'timeout', 'news']);
    expect(news.size).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('misses nothing that was heard between reading and waiting', async () => {
    const { news, wait } = index();
    news.heard({ position: 5, roomNids: [1], userIds: [] });
    expect(await wait(alice, [1], 4)).toBe('news');
    expect(await wait(alice, [1], 5, { timeoutMs: 0 })).toBe('timeout');
  });

  it('sends everybody to look when something may have been missed', async () => {
    const { news, wait } = index();
    const waiting = wait(alice, [1], 0);
    news.heardAll(9);
    expect(await waiting).toBe('news');
    expect(await wait(alice, [1], 8)).toBe('news');
  });

  it('looks at once for whoever is further back than it remembers', async () => {
    const { news, wait } = index();
    for (let position = 1; position <= 25_000; position += 1)
      news.heard({ position, roomNids: [position + 1], userIds: [] });
    expect(await wait(alice, [1], 10)).toBe('news');
    expect(await wait(alice, [1], 24_999, { timeoutMs: 0 })).toBe('timeout');
    expect(await wait(alice, [1, 24_001], 23_999)).toBe('news');
  });

  it('remembers of a busy room only its newest, however much happens there', async () => {
    const { news, wait } = index();
    for (let position = 1; position <= 50_000; position += 1) news.heard({ position, roomNids: [7], userIds: [] });
    expect(await wait(alice, [1], 10, { timeoutMs: 0 })).toBe('timeout');
    expect(await wait(alice, [1, 7], 10)).toBe('news');
  });

  it('begins to remember with the first reading, on a server where nothing happens', async () => {
    const clock = fakeClock();
    const news = new NewsIndex(clock);
    news.remember(alice, { roomNids: new Set([1]), ignored: new Set() }, 7);
    const { signal } = new AbortController();
    expect(await news.wait({ userId: alice, roomNids: new Set([1]), after: 7, timeoutMs: 0, signal })).toBe('timeout');
    expect(news.roomsWithoutNews(alice, 7)).toEqual(new Set([1]));
    expect(news.roomsWithoutNews(alice, 6)).toBeUndefined();
  });

  it('ends with the client', async () => {
    const { clock, news, wait } = index();
    const controller = new AbortController();
    const waiting = wait(alice, [1], 0, { signal: controller.signal });
    controller.abort();
    expect(await waiting).toBe('timeout');
    expect([news.size, clock.pending]).toEqual([0, 0]);
  });

  it('knows that a user has no news only from what it was told of their rooms', () => {
    const { news } = index();
    expect(news.roomsWithoutNews(alice, 0)).toBeUndefined();
    news.remember(alice, { roomNids: new Set([1]), ignored: new Set() }, 3);
    expect(news.roomsWithoutNews(alice, 3)).toEqual(new Set([1]));
    expect(news.roomsWithoutNews(alice, 4)).toBeUndefined();
    news.heard({ position: 4, roomNids: [2], userIds: [bob] });
    expect(news.roomsWithoutNews(alice, 3)).toEqual(new Set([1]));
    news.heard({ position: 5, roomNids: [2], userIds: [alice] });
    expect(news.roomsWithoutNews(alice, 3)).toBeUndefined();
  });
});
