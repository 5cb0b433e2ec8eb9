// State resolution as forks that are told as stories; random rooms and published scenarios are in test/state-resolution.
// https://spec.matrix.org/v1.19/rooms/v12/#state-resolution

import { describe, expect, test } from 'vitest';
import {
  alice,
  bob,
  charlie,
  levels,
  member,
  TestRoom,
  topic,
  users,
  zara,
} from '../../../test/state-resolution/test-room.ts';
import { type ResolvableEvent, resolveState, stateMapKey } from './resolve.ts';

const versions = ['2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'];

describe.each(versions)('state resolution in room version %s', (version) => {
  test('of equal states is that state', () => {
    const room = new TestRoom(version);
    const state = room.start();
    expect(room.resolve(state, new Map(state))).toEqual(state);
  });

  test('keeps what only one branch has changed', () => {
    const room = new TestRoom(version);
    const base = room.start();
    const left = room.send(base, topic(bob, 'left'));
    const right = room.send(base, { type: 'm.room.name', sender: bob, content: { name: 'right' } });
    const state = room.resolve(left, right);
    expect(room.content(state, 'm.room.topic')).toEqual({ topic: 'left' });
    expect(room.content(state, 'm.room.name')).toEqual({ name: 'right' });
  });

  test('takes the later of two topics under the same power levels', () => {
    const room = new TestRoom(version);
    const base = room.start();
    const left = room.send(base, topic(bob, 'late', 200));
    const right = room.send(base, topic(alice, 'early', 100));
    expect(room.content(room.resolve(left, right), 'm.room.topic')).toEqual({ topic: 'late' });
  });

  test('takes the topic set under newer power levels, whatever the clocks say', () => {
    const room = new TestRoom(version);
    const base = room.start();
    const left = room.send(base, topic(alice, 'old levels', 1_000));
    const right = room.send(room.send(base, levels(alice, users(room, { [bob]: 60 }))), topic(alice, 'new levels', 10));
    expect(room.content(room.resolve(left, right), 'm.room.topic')).toEqual({ topic: 'new levels' });
  });

  test('lets a ban win over what the banned user does in the other branch', () => {
    const room = new TestRoom(version);
    const base = room.start();
    const banned = room.send(base, member(alice, bob, 'ban'));
    const raised = room.send(base, levels(bob, users(room, { [bob]: 50, [charlie]: 50 })));
    const state = room.resolve(banned, raised);
    expect(room.content(state, 'm.room.member', bob)).toEqual({ membership: 'ban' });
    expect(room.content(state, 'm.room.power_levels')).toEqual({ users: users(room, { [bob]: 50 }) });
  });

  test('does not let a user demoted in one branch use the power in the other', () => {
    const room = new TestRoom(version);
    const base = room.start();
    const demoted = room.send(base, levels(alice, users(room, { [bob]: 0 })));
    const topicSet = room.send(base, topic(bob, 'mutiny'));
    expect(room.content(room.resolve(demoted, topicSet), 'm.room.topic')).toBeUndefined();
  });

  test('does not let somebody in who joins after the room was closed in the other branch', () => {
    const room = new TestRoom(version);
    const base = room.start();
    const closed = room.send(base, { type: 'm.room.join_rules', sender: alice, content: { join_rule: 'invite' } });
    const joined = room.send(base, member(zara, zara, 'join'));
    const state = room.resolve(closed, joined);
    expect(room.content(state, 'm.room.join_rules')).toEqual({ join_rule: 'invite' });
    expect(room.content(state, 'm.room.member', zara)).toBeUndefined();
  });

  test('lets the greater power decide between two changes of power levels', () => {
    const room = new TestRoom(version);
    const base = room.start();
    const byAlice = room.send(base, levels(alice, users(room, { [bob]: 0 })));
    const byBob = room.send(base, levels(bob, users(room, { [bob]: 50, [charlie]: 50 })));
    const state = room.resolve(byBob, byAlice);
    expect(room.content(state, 'm.room.power_levels')).toEqual({ users: users(room, { [bob]: 0 }) });
  });

  test('names what it does not know instead of guessing', () => {
    const room = new TestRoom(version);
    const base = room.start();
    const left = room.send(base, topic(bob, 'left'));
    const right = room.send(base, topic(alice, 'right'));
    const [unknown] = [...left.values()].slice(-1);
    const result = resolveState({
      rules: room.rules,
      stateSets: [left, right],
      eventOf: (id) => (id === unknown ? undefined : room.events.get(id)),
    });
    expect(result).toEqual({ outcome: 'missing', eventIds: [unknown] });
  });

  test('does not let rejected auth events stand in for missing state', () => {
    const room = new TestRoom(version);
    const base = room.start();
    // Zara's join was rejected, and her leaving again hangs on it alone: no state has a membership of hers.
    const joined = room.send(base, member(zara, zara, 'join'));
    const left = room.send(joined, { ...member(zara, zara, 'leave'), content: { membership: 'leave', n: 1 } });
    const other = room.send(joined, { ...member(zara, zara, 'leave'), content: { membership: 'leave', n: 2 } });
    expect(room.content(room.resolve(left, other), 'm.room.member', zara)?.['membership']).toBe('leave');
    const joinId = joined.get(stateMapKey('m.room.member', zara)) ?? '';
    room.events.set(joinId, { ...(room.events.get(joinId) as ResolvableEvent), rejected: true });
    expect(room.content(room.resolve(left, other), 'm.room.member', zara)).toBeUndefined();
  });
});

describe('state resolution in room version 1', () => {
  test('keeps what only one branch has', () => {
    const room = new TestRoom('1');
    const base = room.start();
    const left = room.send(base, topic(bob, 'left'));
    const right = room.send(base, { type: 'm.room.name', sender: bob, content: { name: 'right' } });
    const state = room.resolve(left, right);
    expect(room.content(state, 'm.room.topic')).toEqual({ topic: 'left' });
    expect(room.content(state, 'm.room.name')).toEqual({ name: 'right' });
  });

  test('takes the deepest topic that is allowed, whatever the clocks say', () => {
    const room = new TestRoom('1');
    const base = room.start();
    const left = room.send(base, topic(alice, 'shallow', 900));
    const right = room.send(base, topic(bob, 'deep', 100));
    const forged = room.send(base, topic(zara, 'forged', 1_000));
    expect(room.content(room.resolve(left, right, forged), 'm.room.topic')).toEqual({ topic: 'deep' });
  });

  test('keeps the oldest where none is allowed', () => {
    const room = new TestRoom('1');
    const base = room.start();
    const left = room.send(base, topic(zara, 'first'));
    const right = room.send(base, topic(zara, 'second'));
    expect(room.content(room.resolve(right, left), 'm.room.topic')).toEqual({ topic: 'first' });
  });

  test('takes power levels in a row, each allowed by the one before it', () => {
    const room = new TestRoom('1');
    const base = room.start();
    const left = room.send(base, levels(alice, users(room, { [bob]: 0 })));
    const right = room.send(base, levels(bob, users(room, { [bob]: 50, [charlie]: 50 })));
    // Deeper, but no longer allowed once bob has lost his power.
    expect(room.content(room.resolve(left, right), 'm.room.power_levels')).toEqual({
      users: users(room, { [bob]: 0 }),
    });
  });

  test('settles members after power levels, so that a ban by somebody demoted fails', () => {
    const room = new TestRoom('1');
    const base = room.start();
    const left = room.send(base, levels(alice, users(room, { [bob]: 0 })));
    const right = room.send(left, member(alice, charlie, 'leave'));
    const banned = room.send(base, member(bob, charlie, 'ban'));
    expect(room.content(room.resolve(right, banned), 'm.room.member', charlie)).toEqual({ membership: 'leave' });
  });

  test('among equally deep events goes by the SHA-1 of their IDs', () => {
    const room = new TestRoom('1');
    const base = room.start();
    const left = room.send(base, topic(alice, 'left'));
    const right = room.send(base, topic(alice, 'right'));
    for (const id of [...room.events.keys()].slice(-2)) room.setDepth(id, 50);
    // The lowest wins: 8671… of $006 and 1de9… of $007.
    expect(room.content(room.resolve(left, right), 'm.room.topic')).toEqual({ topic: 'right' });
  });

  test('names what it does not know', () => {
    const room = new TestRoom('1');
    const base = room.start();
    const left = room.send(base, topic(bob, 'left'));
    const right = room.send(base, topic(alice, 'right'));
    const unknown = left.get(stateMapKey('m.room.topic', '')) ?? '';
    const result = resolveState({
      rules: room.rules,
      stateSets: [left, right],
      eventOf: (id) => (id === unknown ? undefined : room.events.get(id)),
    });
    expect(result).toEqual({ outcome: 'missing', eventIds: [unknown] });
  });
});
