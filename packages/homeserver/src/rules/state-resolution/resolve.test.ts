// State resolution: forks that are told as stories, and random rooms against a second implementation that follows the definitions word
// by word, with sets and no regard for cost.
// https://spec.matrix.org/v1.19/rooms/v12/#state-resolution

import { type JsonObject, type RoomVersionRules, roomVersionRules } from '@pons/spec';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { authEventKeys, authStateKeys } from '../auth-events.ts';
import { authorise } from '../authorise.ts';
import { powerLevelsOf } from '../power-levels.ts';
import { type ResolvableEvent, resolveState, type StateMap, stateMapKey } from './resolve.ts';

const alice = '@alice:a';
const bob = '@bob:b';
const charlie = '@charlie:c';
const zara = '@zara:z';

interface Sent {
  readonly type: string;
  readonly key?: string;
  readonly sender: string;
  readonly content: JsonObject;
  readonly ts?: number;
}

/** A room that is built by hand: events get short IDs in the order they are made. */
class TestRoom {
  readonly rules: RoomVersionRules;
  readonly events = new Map<string, ResolvableEvent>();
  #count = 0;

  constructor(version: string) {
    const rules = roomVersionRules(version);
    if (rules === undefined) throw new Error(version);
    this.rules = rules;
  }

  /** The state after an event is sent in a state; nothing is checked. */
  send(state: StateMap, { type, key = '', sender, content, ts }: Sent): StateMap {
    const number = this.#count++;
    const eventId = number === 0 ? '$create' : `$${String(number).padStart(3, '0')}`;
    const draft = { type, state_key: key, sender, content, prev_events: number === 0 ? [] : [`$${this.#count - 2}`] };
    const auth_events = authEventKeys(draft, this.rules).flatMap((each) => state.get(stateMapKey(...each)) ?? []);
    const room_id = this.rules.roomIdIsCreateEvent ? '!create' : '!room:a';
    const withRoom = number === 0 && this.rules.roomIdIsCreateEvent ? {} : { room_id };
    this.events.set(eventId, {
      eventId,
      event: { ...draft, ...withRoom, auth_events, origin_server_ts: ts ?? number, depth: number },
      rejected: false,
    });
    return new Map([...state, [stateMapKey(type, key), eventId]]);
  }

  /** Sends it if the rules allow it in that state; else the state as it was. */
  sendIfAllowed(state: StateMap, sent: Sent): StateMap {
    const lookup = (type: string, key: string) => this.events.get(state.get(stateMapKey(type, key)) ?? '');
    const room_id = this.rules.roomIdIsCreateEvent ? '!create' : '!room:a';
    const event = { ...sent, state_key: sent.key ?? '', room_id, prev_events: ['$before'] };
    return authorise({ event, rules: this.rules, state: lookup }).outcome === 'allowed'
      ? this.send(state, sent)
      : state;
  }

  resolve(...stateSets: StateMap[]): StateMap {
    const result = resolveState({ rules: this.rules, stateSets, eventOf: (id) => this.events.get(id) });
    if (result.outcome !== 'resolved') throw new Error(`missing ${result.eventIds.join()}`);
    return result.state;
  }

  content(state: StateMap, type: string, key = ''): JsonObject | undefined {
    return this.events.get(state.get(stateMapKey(type, key)) ?? '')?.event.content;
  }

  /** A public room of alice (its creator), bob (50 here) and charlie. */
  start(): StateMap {
    const steps: Sent[] = [
      { type: 'm.room.create', sender: alice, content: { creator: alice, room_version: this.rules.version } },
      { ...member(alice, alice, 'join') },
      { ...levels(alice, { [bob]: 50 }) },
      { type: 'm.room.join_rules', sender: alice, content: { join_rule: 'public' } },
      { ...member(bob, bob, 'join') },
      { ...member(charlie, charlie, 'join') },
    ];
    const isOld = !this.rules.creatorsHaveInfinitePower;
    return steps.reduce<StateMap>((state, step) => {
      const users = step.content['users'] as JsonObject | undefined;
      const sent = isOld && users !== undefined ? { ...step, content: { users: { [alice]: 100, ...users } } } : step;
      return this.send(state, sent);
    }, new Map());
  }
}

function member(sender: string, target: string, membership: string): Sent {
  return { type: 'm.room.member', key: target, sender, content: { membership } };
}
function levels(sender: string, users: JsonObject): Sent {
  return { type: 'm.room.power_levels', sender, content: { users } };
}
function topic(sender: string, text: string, ts?: number): Sent {
  return { type: 'm.room.topic', sender, content: { topic: text }, ...(ts === undefined ? {} : { ts }) };
}

/** Power levels in which alice stands where she may: not in version 12, where she is the creator. */
function users(room: TestRoom, others: JsonObject): JsonObject {
  return room.rules.creatorsHaveInfinitePower ? others : { [alice]: 100, ...others };
}

describe.each(['10', '11', '12'])('state resolution in room version %s', (version) => {
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

/** By the definitions, one after the other. */
class Slow {
  readonly room: TestRoom;
  constructor(room: TestRoom) {
    this.room = room;
  }
  event = (id: string) => this.room.events.get(id) as ResolvableEvent;
  cites = (id: string) => this.event(id).event.auth_events;
  chain = (id: string): Set<string> => new Set(this.cites(id).flatMap((each) => [each, ...this.chain(each)]));
  cited = (id: string, type: string) => this.cites(id).find((each) => this.event(each).event.type === type);
  level(id: string): number {
    const create = this.room.rules.roomIdIsCreateEvent ? '$create' : this.cited(id, 'm.room.create');
    const power = this.cited(id, 'm.room.power_levels');
    const of = (each: string | undefined) => (each === undefined ? undefined : this.event(each).event);
    return powerLevelsOf(of(create), of(power), this.room.rules).levelOf(this.event(id).event.sender);
  }
  isOlder(left: string, right: string): boolean {
    const a = this.event(left).event.origin_server_ts;
    const b = this.event(right).event.origin_server_ts;
    return a === b ? left < right : a < b;
  }
  mainline(id: string | undefined): string[] {
    return id === undefined ? [] : [id, ...this.mainline(this.cited(id, 'm.room.power_levels'))];
  }
  isPower(id: string): boolean {
    const { type, content, sender, state_key } = this.event(id).event;
    const removes = content['membership'] === 'leave' || content['membership'] === 'ban';
    return (
      ['m.room.power_levels', 'm.room.join_rules'].includes(type) ||
      (type === 'm.room.member' && removes && sender !== state_key)
    );
  }
  check(start: StateMap, order: string[]): Map<string, string> {
    return order.reduce((state, id) => {
      const { event } = this.event(id);
      const lookup = (type: string, key: string) => {
        const wanted = authStateKeys(event, this.room.rules).some(([t, k]) => t === type && k === key);
        const fromState = wanted ? state.get(stateMapKey(type, key)) : undefined;
        const cited = this.cites(id).find(
          (each) => this.event(each).event.type === type && this.event(each).event.state_key === key,
        );
        const created = type === 'm.room.create' && this.room.rules.roomIdIsCreateEvent ? '$create' : undefined;
        const found = fromState ?? cited ?? created;
        return found === undefined ? undefined : this.event(found);
      };
      const verdict = authorise({ event, rules: this.room.rules, state: lookup, isSignedBy: () => true });
      return verdict.outcome === 'allowed' ? state.set(stateMapKey(event.type, event.state_key ?? ''), id) : state;
    }, new Map(start));
  }
  resolve(states: StateMap[]): StateMap {
    const is21 = this.room.rules.stateResolution === 2.1;
    const keys = [...new Set(states.flatMap((state) => [...state.keys()]))];
    const agreed = keys.filter((key) =>
      states.every((state) => state.has(key) && state.get(key) === states[0]?.get(key)),
    );
    const unconflicted = new Map(agreed.map((key) => [key, states[0]?.get(key) as string]));
    const conflicted = new Set(
      keys.filter((key) => !agreed.includes(key)).flatMap((key) => states.flatMap((state) => state.get(key) ?? [])),
    );
    const chains = states.map((state) => new Set([...state.values()].flatMap((id) => [...this.chain(id)])));
    const difference = new Set(
      chains.flatMap((each) => [...each]).filter((id) => !chains.every((each) => each.has(id))),
    );
    const between = [...this.room.events.keys()].filter(
      (id) =>
        [...conflicted].some((each) => this.chain(each).has(id)) &&
        [...this.chain(id)].some((each) => conflicted.has(each)),
    );
    const full = new Set([...conflicted, ...difference, ...(is21 ? between : [])]);

    let power = new Set([...full].filter((id) => this.isPower(id)));
    for (let size = -1; size !== power.size; ) {
      size = power.size;
      power = new Set([...power, ...[...power].flatMap((id) => this.cites(id).filter((each) => full.has(each)))]);
    }
    const order: string[] = [];
    const left = new Set(power);
    while (left.size > 0) {
      const ready = [...left].filter((id) => !this.cites(id).some((each) => left.has(each)));
      const next = ready.reduce((best, id) => {
        const isFirst =
          this.level(id) === this.level(best) ? this.isOlder(id, best) : this.level(id) > this.level(best);
        return isFirst ? id : best;
      });
      order.push(next);
      left.delete(next);
    }
    const partial = this.check(is21 ? new Map() : unconflicted, order);
    const mainline = this.mainline(partial.get(stateMapKey('m.room.power_levels', '')));
    const position = (id: string) => {
      const at = this.mainline(this.cited(id, 'm.room.power_levels')).map((each) => mainline.indexOf(each));
      return at.find((each) => each >= 0) ?? Infinity;
    };
    const rest = [...full]
      .filter((id) => !power.has(id))
      .sort((a, b) => {
        const [p, q] = [position(a), position(b)];
        return p === q ? (this.isOlder(a, b) ? -1 : 1) : p > q ? -1 : 1;
      });
    return new Map([...this.check(partial, rest), ...unconflicted]);
  }
}

const people = [alice, bob, charlie, zara];
const somebody = fc.constantFrom(...people);
const change = fc.oneof(
  fc.record({
    what: fc.constant('member' as const),
    sender: somebody,
    target: somebody,
    membership: fc.constantFrom('join', 'leave', 'ban', 'invite'),
  }),
  fc.record({
    what: fc.constant('levels' as const),
    sender: somebody,
    target: somebody,
    level: fc.constantFrom(0, 10, 50, 60, 100),
  }),
  fc.record({
    what: fc.constant('rule' as const),
    sender: somebody,
    rule: fc.constantFrom('public', 'invite', 'knock'),
  }),
  fc.record({ what: fc.constant('topic' as const), sender: somebody, topic: fc.string({ maxLength: 2 }) }),
);
/** Changes, each on one of three branches and with a clock that may be wrong. */
const story = fc.array(fc.tuple(change, fc.nat(2), fc.nat(20)), { maxLength: 25 });

function play(room: TestRoom, changes: typeof story extends fc.Arbitrary<infer T> ? T : never): StateMap[] {
  const base = room.start();
  const branches: StateMap[] = [base, base, base];
  for (const [each, branch, ts] of changes) {
    const state = branches[branch] as StateMap;
    const levelsNow = (room.content(state, 'm.room.power_levels')?.['users'] ?? {}) as JsonObject;
    const sent =
      each.what === 'member'
        ? member(each.sender, each.target, each.membership)
        : each.what === 'levels'
          ? levels(each.sender, { ...levelsNow, [each.target]: each.level })
          : each.what === 'rule'
            ? { type: 'm.room.join_rules', sender: each.sender, content: { join_rule: each.rule } }
            : topic(each.sender, each.topic);
    branches[branch] = room.sendIfAllowed(state, { ...sent, ts });
  }
  return branches;
}

const sorted = (state: StateMap) => [...state].sort(([left], [right]) => (left < right ? -1 : 1));

describe.each(['10', '11', '12'])('state resolution of random rooms in version %s', (version) => {
  test('is what the definitions say', () => {
    fc.assert(
      fc.property(story, (changes) => {
        const room = new TestRoom(version);
        const branches = play(room, changes);
        expect(sorted(room.resolve(...branches))).toEqual(sorted(new Slow(room).resolve(branches)));
      }),
      { numRuns: 300 },
    );
  });

  test('does not depend on the order in which the states are given', () => {
    fc.assert(
      fc.property(story, (changes) => {
        const room = new TestRoom(version);
        const [a, b, c] = play(room, changes) as [StateMap, StateMap, StateMap];
        expect(sorted(room.resolve(c, a, b))).toEqual(sorted(room.resolve(a, b, c)));
      }),
      { numRuns: 100 },
    );
  });
});
