// What resolving costs in large and in hostile rooms: growth is judged, times are printed. Long chains must not reach the end of the stack.

import { expect, describe, test } from 'vitest';
import {
  type ResolvableEvent,
  resolveState,
  type StateMap,
  stateMapKey,
} from '../../src/rules/state-resolution/resolve.ts';
import { alice, levels, member, type Sent, TestRoom, users } from './test-room.ts';

const small = 2_500;
const large = 10_000;
/** Growth of how often an event is asked for, from four times the events. */
const askedGrowthMax = 4.2;
/** Growth of time: far from 4, for sorting, caches and the collector; farther from 16. */
const cpuGrowthMax = 10;
const versions = ['1', '2', '11', '12'];

/** A room in which as many events conflict: half members who join in one branch and are banned in the other, half power levels. */
function conflict(version: string, size: number): { readonly room: TestRoom; readonly states: StateMap[] } {
  const room = new TestRoom(version);
  const base = room.start();
  const branches = [new Map(base), new Map(base)] as const;
  const send = (branch: number, sent: Sent) => room.add(branches[branch === 0 ? 0 : 1], sent);
  for (let at = 0; at < size / 4; at++) {
    const user = `@u${at}:s`;
    send(0, member(user, user, 'join'));
    send(1, member(alice, user, 'ban'));
    send(0, levels(alice, users(room, { [user]: 1 })));
    send(1, levels(alice, users(room, { [user]: 2 })));
  }
  return { room, states: [...branches] };
}

/** CPU milliseconds, the least of five: what else the machine does can only add. And how often an event was asked for. */
function costOf(version: string, size: number): { readonly cpuMs: number; readonly asked: number } {
  const { room, states } = conflict(version, size);
  let asked = 0;
  const eventOf = (id: string) => {
    asked++;
    return room.events.get(id);
  };
  const times = [1, 2, 3, 4, 5].map(() => {
    const before = process.cpuUsage();
    asked = 0;
    resolveState({ rules: room.rules, stateSets: states, eventOf });
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return { cpuMs: Math.min(...times), asked };
}

describe('resolving', () => {
  test.each(versions)('a conflict of four times the events costs about four times as much in version %s', (version) => {
    costOf(version, small);
    const [few, many] = [costOf(version, small), costOf(version, large)];
    const [fewMs, manyMs] = [few.cpuMs.toFixed(0), many.cpuMs.toFixed(0)];
    process.stderr.write(
      `state resolution, version ${version}: ${small} events ${fewMs} ms, ${large} events ${manyMs} ms\n`,
    );
    expect(many.asked / few.asked).toBeLessThan(askedGrowthMax);
    expect(many.cpuMs / few.cpuMs).toBeLessThan(cpuGrowthMax);
  });

  test.each(['2', '12'])('follows auth chains of 100,000 events in version %s', (version) => {
    const room = new TestRoom(version);
    const state = new Map(room.start());
    for (let at = 0; at < 100_000; at++) room.add(state, levels(alice, users(room, { '@u:s': at % 50 })));
    const left = new Map(state);
    const right = new Map(state);
    room.add(left, levels(alice, users(room, { '@left:s': 1 })));
    room.add(right, levels(alice, users(room, { '@right:s': 1 })));
    const resolved = room.resolve(left, right);
    expect(resolved.get(stateMapKey('m.room.power_levels', ''))).toBe(
      right.get(stateMapKey('m.room.power_levels', '')),
    );
  });

  test('a room of 50,000 members with one fork looks at no event of the members who do not conflict', () => {
    const room = new TestRoom('11');
    const state = new Map(room.start());
    for (let at = 0; at < 50_000; at++) room.add(state, member(`@u${at}:s`, `@u${at}:s`, 'join'));
    const [left, right] = [new Map(state), new Map(state)];
    room.add(left, { type: 'm.room.topic', sender: alice, content: { topic: 'left' } });
    room.add(right, { type: 'm.room.topic', sender: alice, content: { topic: 'right' } });
    const asked = new Set<string>();
    const eventOf = (id: string): ResolvableEvent | undefined => {
      asked.add(id);
      return room.events.get(id);
    };
    const result = resolveState({ rules: room.rules, stateSets: [left, right], eventOf });
    expect(result.outcome).toBe('resolved');
    expect(asked.size).toBeLessThan(20);
  });
});
