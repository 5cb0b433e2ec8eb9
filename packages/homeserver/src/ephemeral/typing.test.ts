// Typing notices are timers and numbers: they end by themselves, and only real changes are told.
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { Typing, type TypingNotice } from './typing.ts';

function typingWith() {
  const clock = fakeClock();
  const published: TypingNotice[] = [];
  const typing = new Typing({ clock, publish: (notice) => published.push(notice) });
  const changes: number[] = [];
  typing.onChange((roomNid) => changes.push(roomNid));
  return { clock, typing, published, changes };
}

describe('typing', () => {
  it('ends by itself after its time, which is at most two minutes', async () => {
    const { clock, typing, changes } = typingWith();
    typing.set({ roomNid: 1, userId: '@a:x', timeoutMs: 30_000 });
    typing.set({ roomNid: 1, userId: '@b:x', timeoutMs: 9_000_000 });
    await clock.advance(30_000);
    expect(typing.typistsIn(1)).toEqual(['@b:x']);
    await clock.advance(90_000);
    expect(typing.typistsIn(1)).toEqual([]);
    expect(changes).toEqual([1, 1, 1, 1]);
    expect(clock.pending).toBe(0);
  });

  it('kept up is no change, but lasts longer', async () => {
    const { clock, typing, changes, published } = typingWith();
    typing.set({ roomNid: 1, userId: '@a:x', timeoutMs: 1_000 });
    const { serial } = typing;
    await clock.advance(500);
    typing.set({ roomNid: 1, userId: '@a:x', timeoutMs: 1_000 });
    await clock.advance(900);
    expect(typing.typistsIn(1)).toEqual(['@a:x']);
    expect(typing.changedSince(1, serial)).toBe(false);
    expect([changes.length, published.length]).toEqual([1, 2]);
    typing.close();
  });

  it('heard from another process is not told back to it', () => {
    const { typing, published } = typingWith();
    typing.heard({ roomNid: 2, userId: '@a:x', timeoutMs: 1_000 });
    expect(typing.typistsIn(2)).toEqual(['@a:x']);
    expect(typing.changedSince(2, 0)).toBe(true);
    expect(published).toEqual([]);
    typing.close();
  });

  it('is forgotten of the rooms quiet for longest, and of no room where somebody types', () => {
    const { typing } = typingWith();
    const { serial } = typing;
    typing.set({ roomNid: 0, userId: '@a:x', timeoutMs: 1_000 });
    for (let roomNid = 1; roomNid <= 10_001; roomNid += 1)
      for (const timeoutMs of [1_000, 0]) typing.set({ roomNid, userId: '@a:x', timeoutMs });
    expect([0, 1, 2, 3, 10_001].map((roomNid) => typing.changedSince(roomNid, serial))).toEqual([
      true,
      false,
      false,
      true,
      true,
    ]);
    expect(typing.typistsIn(0)).toEqual(['@a:x']);
    typing.close();
  });
});
