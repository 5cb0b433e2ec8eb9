// The memory of what was just committed says either everything or that it does not know.
import { describe, expect, it } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import type { Commit, EventRow, RoomPart } from '../storage/commit.ts';
import { RecentCommits } from './recent-commits.ts';

const everything = () => true;
const saidIn = (roomNid: number, json = '{}', isHistory = false): Commit => ({
  room: { roomNid, events: [{ json } as EventRow], isHistory } as unknown as RoomPart,
  positions: 1,
});

function memory() {
  const clock = fakeClock();
  const recent = new RecentCommits(clock);
  let position = 0;
  const put = (...commits: Commit[]) => {
    for (const commit of commits) {
      recent.put([{ first: position + 1, commit }]);
      position += commit.positions;
    }
  };
  const firsts = (after: number, concerns = (_roomNid: number) => true) => {
    const found = recent.after(after, concerns);
    return found && [...found].map(([roomNid, commits]) => [roomNid, commits.map(({ first }) => first)]);
  };
  return { clock, recent, put, firsts };
}

describe('recent commits', () => {
  it('are found by room, after a position, oldest first', () => {
    const { put, firsts } = memory();
    put(saidIn(1), saidIn(2), saidIn(1), saidIn(3));
    expect(firsts(0, (roomNid) => roomNid < 3)).toEqual([
      [1, [1, 3]],
      [2, [2]],
    ]);
    expect(firsts(1, (roomNid) => roomNid === 1)).toEqual([[1, [3]]]);
    expect(firsts(4)).toEqual([]);
  });

  it('concern the rooms of receipts and of those whose devices changed, and none for late history', () => {
    const { put, firsts } = memory();
    const receipt = { roomNid: 7, userId: '@a:x', type: 'm.read', threadId: '', eventId: '$e', ts: 0, at: 0 };
    put({ receipts: [receipt], positions: 1 });
    put({ deviceListChanges: [{ userId: '@a:x', roomNids: [8, 9], at: 0 }], positions: 1 });
    put(saidIn(10, '{}', true));
    expect(firsts(0)).toEqual([
      [7, [1]],
      [8, [2]],
      [9, [2]],
    ]);
  });

  it('are not known any more once they are old, unless none of them matters', async () => {
    const { clock, put, firsts } = memory();
    put(saidIn(1));
    await clock.advance(1_001);
    put(saidIn(2));
    expect(firsts(0)).toBeUndefined();
    expect(firsts(0, (roomNid) => roomNid === 2)).toEqual([[2, [2]]]);
  });

  it('of too many, or with too long texts, the oldest are not known any more', () => {
    const many = memory();
    many.put(...Array.from({ length: 1_025 }, () => saidIn(1)));
    expect(many.firsts(0)).toBeUndefined();
    expect(many.firsts(1)).toEqual([[1, Array.from({ length: 1_024 }, (_, at) => at + 2)]]);
    const long = memory();
    long.put(...Array.from({ length: 40 }, () => saidIn(1, 'x'.repeat(65_536))));
    expect(long.firsts(7)).toBeUndefined();
    expect(long.firsts(8)).toHaveLength(1);
  });

  it('begin anew after one that is too large, or that was told of too late', () => {
    const { recent, put, firsts } = memory();
    put(saidIn(1), { positions: 100 }, saidIn(1));
    expect(firsts(0)).toBeUndefined();
    expect(firsts(101)).toEqual([[1, [102]]]);
    recent.put([{ first: 50, commit: saidIn(2) }]);
    expect(recent.after(101, everything)).toBeUndefined();
    expect(recent.after(102, everything)).toEqual(new Map());
  });
});
