// Forks that the public literature on state resolution tells of, each as a row: what both branches share, what each does, and which state
// results. Told again in our words and names, from MSC4297 (its problems A and B), the cases that other servers' test suites agree on,
// and the room version 12 tests for servers.
// https://spec.matrix.org/v1.19/rooms/v12/#state-resolution

import type { JsonObject } from '@pons/spec';
import { describe, expect, test } from 'vitest';
import { type StateMap, stateMapKey } from '../../src/rules/state-resolution/resolve.ts';
import { alice, bob, charlie, levels, member, type Sent, TestRoom, topic, users, zara } from './test-room.ts';

const version2 = ['2', '3', '4', '5', '6', '7', '8', '9', '10', '11'];
const since2 = [...version2, '12'];
const ella = '@ella:e';
const eve = '@eve:e';

const rule = (sender: string, join_rule: string, ts?: number): Sent => ({
  type: 'm.room.join_rules',
  sender,
  content: { join_rule },
  ...(ts === undefined ? {} : { ts }),
});

interface Scenario {
  readonly claim: string;
  readonly versions?: readonly string[];
  readonly common?: (room: TestRoom) => Sent[];
  readonly branches: (room: TestRoom) => readonly (readonly Sent[])[];
  /** Contents, or parts of them, by type and state key; undefined where there must be no event. */
  readonly state: (room: TestRoom) => Record<string, JsonObject | undefined>;
}

const scenarios: Scenario[] = [
  {
    claim: 'concurrent joins are both in the state',
    branches: () => [[member(charlie, charlie, 'join')], [member(ella, ella, 'join')]],
    state: () => ({
      [`m.room.member|${charlie}`]: { membership: 'join' },
      [`m.room.member|${ella}`]: { membership: 'join' },
    }),
  },
  {
    claim: 'a ban by the admin supersedes what the moderator does to the power levels',
    branches: (room) => [[member(alice, bob, 'ban')], [levels(bob, users(room, { [bob]: 50 }))]],
    state: () => ({ [`m.room.member|${bob}`]: { membership: 'ban' } }),
  },
  {
    claim: 'a topic by somebody who is banned meanwhile goes, and the one before stays',
    common: () => [topic(alice, 'room topic')],
    branches: () => [[member(alice, bob, 'ban')], [topic(bob, 'managed by bob')]],
    state: () => ({ [`m.room.member|${bob}`]: { membership: 'ban' }, 'm.room.topic|': { topic: 'room topic' } }),
  },
  {
    claim: 'a topic by somebody who is demoted meanwhile gives way to the admin’s',
    branches: (room) => [
      [topic(alice, 'managed by alice', 800), levels(alice, users(room, { [bob]: 0 }))],
      [topic(bob, 'managed by bob', 800)],
    ],
    state: (room) => ({
      'm.room.topic|': { topic: 'managed by alice' },
      'm.room.power_levels|': { users: users(room, { [bob]: 0 }) },
    }),
  },
  {
    claim: 'of two changes of the power levels the admin’s counts',
    branches: (room) => [[levels(bob, { ...users(room, { [bob]: 50 }) })], [levels(alice, users(room, { [bob]: 0 }))]],
    state: (room) => ({ 'm.room.power_levels|': { users: users(room, { [bob]: 0 }) } }),
  },
  {
    claim: 'nobody joins past a room that was closed meanwhile, after the moderator touched the power levels',
    common: (room) => [levels(bob, users(room, { [bob]: 50 }))],
    branches: () => [[rule(alice, 'invite')], [member(ella, ella, 'join')]],
    state: () => ({ 'm.room.join_rules|': { join_rule: 'invite' }, [`m.room.member|${ella}`]: undefined }),
  },
  {
    claim: 'of join rules by the same admin the later by the clock counts, not the greater ID',
    branches: () => [[rule(alice, 'public', 700)], [rule(alice, 'invite', 600)]],
    state: () => ({ 'm.room.join_rules|': { join_rule: 'public' } }),
  },
  {
    claim: 'an admin above 100 comes after the creator, so that the admin’s join rule is what stays',
    versions: ['12'],
    common: () => [levels(alice, { [bob]: 9_493_420 })],
    branches: () => [[rule(alice, 'invite', 700)], [rule(bob, 'knock', 100)]],
    state: () => ({ 'm.room.join_rules|': { join_rule: 'knock' } }),
  },
  {
    claim: 'users ban each other: the more powerful is heard',
    branches: (room) => [
      [levels(alice, users(room, { [bob]: 50, [charlie]: 60 })), member(charlie, bob, 'ban')],
      [member(bob, charlie, 'ban')],
    ],
    state: () => ({
      [`m.room.member|${charlie}`]: { membership: 'join' },
      [`m.room.member|${bob}`]: { membership: 'ban' },
    }),
  },
  {
    claim: 'a ban that was lifted in one branch counts as in the latest of the bans and liftings',
    common: () => [member(alice, charlie, 'ban')],
    branches: () => [[member(alice, charlie, 'leave')], [topic(alice, 'unrelated')]],
    state: () => ({ [`m.room.member|${charlie}`]: { membership: 'leave' } }),
  },
];

function statesOf(room: TestRoom, { common, branches }: Scenario): StateMap[] {
  const send = (state: StateMap, sent: readonly Sent[]) =>
    sent.reduce((before, each) => room.send(before, each), state);
  const base = send(room.start(), common?.(room) ?? []);
  return branches(room).map((branch) => send(base, branch));
}

describe.each(since2)('the published scenarios in room version %s', (version) => {
  test.each(scenarios.filter(({ versions = since2 }) => versions.includes(version)))('$claim', (scenario) => {
    const room = new TestRoom(version);
    const states = statesOf(room, scenario);
    for (const given of [states, [...states].reverse()]) {
      const resolved = room.resolve(...given);
      for (const [key, content] of Object.entries(scenario.state(room))) {
        const [type = '', stateKey = ''] = key.split('|');
        expect(room.content(resolved, type, stateKey)).toEqual(content);
      }
    }
  });
});

const key = (type: string, stateKey = '') => stateMapKey(type, stateKey);
const without = (state: StateMap, ...keys: string[]): Map<string, string> =>
  new Map([...state].filter(([each]) => !keys.includes(each)));

/** A room of its creator alice alone, open to all. */
function openRoom(room: TestRoom): StateMap {
  const creator: JsonObject = room.rules.creatorIsSender ? {} : { creator: alice };
  return [
    { type: 'm.room.create', sender: alice, content: { ...creator, room_version: room.rules.version } },
    member(alice, alice, 'join'),
    levels(alice, users(room, {})),
    rule(alice, 'public'),
  ].reduce<StateMap>((state, each) => room.send(state, each), new Map());
}

// Alice closes the room and leaves; then bob and charlie change their names, charlie's server still believing that the room is open.
describe('MSC4297, problem A', () => {
  const resolveIn = (version: string) => {
    const room = new TestRoom(version);
    const open = [member(bob, bob, 'join'), member(charlie, charlie, 'join')].reduce(
      (state, each) => room.send(state, each),
      openRoom(room),
    );
    const closed = room.send(open, rule(alice, 'invite'));
    const left = room.send(closed, member(alice, alice, 'leave'));
    const renamed = (who: string) =>
      room.send(left, { ...member(who, who, 'join'), content: { membership: 'join', displayname: '++' } });
    const ofBob = renamed(bob);
    const ofCharlie = new Map([
      ...renamed(charlie),
      [key('m.room.join_rules'), open.get(key('m.room.join_rules')) as string],
    ]);
    return { room, state: room.resolve(ofBob, ofCharlie) };
  };

  test.each(version2)('leaves a room of version %s without join rules', (version) => {
    const { room, state } = resolveIn(version);
    expect(room.content(state, 'm.room.join_rules')).toBeUndefined();
    expect(room.content(state, 'm.room.member', alice)).toEqual({ membership: 'leave' });
  });

  test('keeps the later join rules in version 12', () => {
    const { room, state } = resolveIn('12');
    expect(room.content(state, 'm.room.join_rules')).toEqual({ join_rule: 'invite' });
    expect(room.content(state, 'm.room.member', alice)).toEqual({ membership: 'leave' });
    expect(room.content(state, 'm.room.member', bob)).toMatchObject({ displayname: '++' });
    expect(room.content(state, 'm.room.member', charlie)).toMatchObject({ displayname: '++' });
  });
});

// Alice makes bob a moderator, bob makes charlie one; zara and eve join after that. Eve's server believes that the first levels hold.
describe('MSC4297, problem B', () => {
  const resolveIn = (version: string) => {
    const room = new TestRoom(version);
    const open = [member(bob, bob, 'join'), member(charlie, charlie, 'join')].reduce(
      (state, each) => room.send(state, each),
      openRoom(room),
    );
    const second = room.send(open, levels(alice, users(room, { [bob]: 50 })));
    const third = room.send(second, levels(bob, users(room, { [bob]: 50, [charlie]: 50 })));
    const ofZara = room.send(third, member(zara, zara, 'join'));
    const joined = room.send(third, member(eve, eve, 'join'));
    const renamed = room.send(joined, {
      ...member(eve, eve, 'join'),
      content: { membership: 'join', displayname: '++' },
    });
    const firstLevels = open.get(key('m.room.power_levels')) as string;
    const ofEve = new Map([...without(renamed, key('m.room.power_levels')), [key('m.room.power_levels'), firstLevels]]);
    return { room, state: room.resolve(ofEve, ofZara) };
  };

  test.each(version2)('sets a room of version %s back to the first levels', (version) => {
    const { room, state } = resolveIn(version);
    expect(room.content(state, 'm.room.power_levels')).toEqual({ users: users(room, {}) });
  });

  test('keeps the third levels in version 12', () => {
    const { room, state } = resolveIn('12');
    expect(room.content(state, 'm.room.power_levels')).toEqual({ users: { [bob]: 50, [charlie]: 50 } });
    expect(room.content(state, 'm.room.member', zara)).toEqual({ membership: 'join' });
    expect(room.content(state, 'm.room.member', eve)).toMatchObject({ displayname: '++' });
  });
});

describe('a published case of room version 1', () => {
  test('an admin that another admin’s deeper levels would drop keeps the older levels', () => {
    const room = new TestRoom('1');
    const base = room.send(openRoom(room), member(bob, bob, 'join'));
    const both = room.send(base, levels(alice, users(room, { [bob]: 100 })));
    const bobAlone = room.send(both, levels(bob, { [bob]: 100 }));
    expect(room.content(room.resolve(bobAlone, both), 'm.room.power_levels')).toEqual({
      users: users(room, { [bob]: 100 }),
    });
  });
});
