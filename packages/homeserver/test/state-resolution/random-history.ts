// Random rooms as graphs: each event follows one to three earlier ones, so that the room forks and joins at will, and some are made by a
// hostile server: they cite the state of another place, one key twice, what does not concern them, or what nobody has. A history is
// replayed by a server that hears of its events in some order and works out the state at each; the state must not depend on that order.

import { type JsonObject, type RoomVersionRules, roomVersionRules } from '@pons/spec';
import fc from 'fast-check';
import { authEventKeys } from '../../src/rules/auth-events.ts';
import { judgeAuthEvents } from '../../src/rules/auth-rules/auth-events.ts';
import { authorise } from '../../src/rules/authorise.ts';
import {
  type ResolvableEvent,
  resolveState,
  type StateMap,
  stateMapKey,
} from '../../src/rules/state-resolution/resolve.ts';

/** Resolves the states after the events that one follows. `events` are those known so far. */
export type Resolve = (states: readonly StateMap[], events: ReadonlyMap<string, ResolvableEvent>) => StateMap;

/** A room with its events, each after those it follows. */
export interface History {
  readonly rules: RoomVersionRules;
  readonly events: readonly ResolvableEvent[];
}

/** What a server makes of a history. */
export interface Replay {
  readonly events: ReadonlyMap<string, ResolvableEvent>;
  /** State after each event. */
  readonly after: ReadonlyMap<string, StateMap>;
  readonly rejected: readonly string[];
  /** State of the room: of all loose ends together. */
  readonly current: StateMap;
}

const people = ['@alice:a', '@bob:b', '@carol:c', '@dave:d', '@eve:e'];
const memberships = ['join', 'leave', 'ban', 'invite', 'knock'];
const joinRules = ['public', 'invite', 'knock', 'restricted', 'knock_restricted'];
const powers = [0, 10, 50, 60, 100, 200];
const room12 = '!000';
const roomOlder = '!room:a';

/** One event to be made; numbers are taken modulo what there is to choose from. */
const step = fc.record({
  what: fc.constantFrom('member', 'member', 'levels', 'levels', 'rule', 'topic', 'message', 'aliases'),
  sender: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4),
  target: fc.nat(4),
  choice: fc.nat(29),
  /** Clocks of servers are as they are. */
  ts: fc.nat(12),
  /** Events that it follows, counted back from the last. */
  after: fc.oneof(
    { weight: 3, arbitrary: fc.constant([0]) },
    { weight: 3, arbitrary: fc.tuple(fc.nat(6)) },
    { weight: 3, arbitrary: fc.uniqueArray(fc.nat(8), { minLength: 2, maxLength: 3 }) },
  ),
  cites: fc.oneof(
    { weight: 12, arbitrary: fc.constant({ how: 'rightly' as const, from: 0 }) },
    {
      weight: 3,
      arbitrary: fc.record({
        how: fc.constantFrom(
          'elsewhere' as const,
          'twice' as const,
          'less' as const,
          'foreign' as const,
          'unknown' as const,
        ),
        from: fc.nat(20),
      }),
    },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Steps of a random history. */
export const steps: fc.Arbitrary<readonly Step[]> = fc.array(step, { minLength: 1, maxLength: 36, size: 'max' });

/** Which of the events that could come next comes, step by step. */
export const arrival: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(50), { minLength: 45, maxLength: 45 });

/** Makes the events, by servers that resolve with the rules under test. */
export function makeHistory(version: string, made: readonly Step[]): History {
  const rules = roomVersionRules(version);
  if (rules === undefined) throw new Error(version);
  const writer = new Server(rules, resolveWith(rules));
  for (const first of beginning(rules)) writer.make(first);
  for (const each of made) writer.make(eventOf(each, writer), each);
  return { rules, events: [...writer.events.values()].map((event) => ({ ...event, rejected: false })) };
}

/** The rules under test as a way to resolve. */
export function resolveWith(rules: RoomVersionRules): Resolve {
  return (stateSets, events) => {
    const result = resolveState({ rules, stateSets, eventOf: (id) => events.get(id) });
    if (result.outcome !== 'resolved') throw new Error(`missing ${result.eventIds.join()}`);
    return result.state;
  };
}

/** Has a server hear of the events: `order` chooses among those of which it has what they follow and cite. */
export function replay({ rules, events }: History, resolve: Resolve, order: readonly number[] = []): Replay {
  const server = new Server(rules, resolve);
  const waiting = [...events];
  for (let turn = 0; waiting.length > 0; turn++) {
    const isWaiting = new Set<unknown>(waiting.map(({ eventId }) => eventId));
    const ready = waiting.filter(
      ({ event }) => ![...event.prev_events, ...event.auth_events].some((id) => isWaiting.has(id)),
    );
    const next = ready[(order[turn] ?? 0) % ready.length] as ResolvableEvent;
    waiting.splice(waiting.indexOf(next), 1);
    server.receive(next);
  }
  const rejected = [...server.events.values()].filter((each) => each.rejected).map((each) => each.eventId);
  return {
    events: server.events,
    after: server.after,
    rejected: rejected.sort(),
    current: server.current(order[0] ?? 0),
  };
}

/** Which event each state of a set has for each key, as numbers to choose by: what servers that are wrong or lie may say. */
export const claims: fc.Arbitrary<readonly (readonly number[])[]> = fc.array(
  fc.array(fc.nat(9), { minLength: 12, maxLength: 12 }),
  {
    minLength: 2,
    maxLength: 4,
  },
);

/** States that hold any events of a history, as long as their auth chains are known. */
export function claimedStates(
  events: ReadonlyMap<string, ResolvableEvent>,
  claimed: readonly (readonly number[])[],
): Map<string, string>[] {
  const byKey = new Map<string, string[]>();
  const known = new Set<string>();
  for (const { eventId, event } of events.values()) {
    if (!event.auth_events.every((id) => known.has(id))) continue;
    known.add(eventId);
    if (event.state_key === undefined) continue;
    const key = stateMapKey(event.type, event.state_key);
    byKey.set(key, [...(byKey.get(key) ?? []), eventId]);
  }
  return claimed.map((numbers) => {
    const state = new Map<string, string>();
    for (const [at, [key, ids]] of [...byKey].entries()) {
      // One more than there are: a key that the state lacks.
      const id = ids[(numbers[at % numbers.length] ?? 0) % (ids.length + 1)];
      if (id !== undefined || key === stateMapKey('m.room.create', '')) state.set(key, id ?? (ids[0] as string));
    }
    return state;
  });
}

/** What is compared: the state as text, whatever the order of its keys. */
export function textOf(state: StateMap): string {
  return JSON.stringify([...state].sort(([left], [right]) => (left < right ? -1 : 1)));
}

interface Made {
  readonly type: string;
  readonly state_key?: string;
  readonly sender: string;
  readonly content: JsonObject;
}

function beginning(rules: RoomVersionRules): Made[] {
  const [alice = '', bob = ''] = people;
  const state = (type: string, sender: string, content: JsonObject, state_key = ''): Made => ({
    type,
    state_key,
    sender,
    content,
  });
  const creator: JsonObject = rules.creatorIsSender ? {} : { creator: alice };
  const users = rules.creatorsHaveInfinitePower ? { [bob]: 50 } : { [alice]: 100, [bob]: 50 };
  return [
    state('m.room.create', alice, { ...creator, room_version: rules.version }),
    state('m.room.member', alice, { membership: 'join' }, alice),
    state('m.room.power_levels', alice, { users, kick: 10 }),
    state('m.room.join_rules', alice, { join_rule: 'public' }),
    state('m.room.member', bob, { membership: 'join' }, bob),
  ];
}

function eventOf({ what, sender, target, choice }: Step, server: Server): Made {
  const by = people[sender] as string;
  const of = people[target] as string;
  const pick = <T>(from: readonly T[]): T => from[choice % from.length] as T;
  if (what === 'member')
    return { type: 'm.room.member', state_key: of, sender: by, content: { membership: pick(memberships) } };
  if (what === 'rule')
    return { type: 'm.room.join_rules', state_key: '', sender: by, content: { join_rule: pick(joinRules) } };
  if (what === 'topic') return { type: 'm.room.topic', state_key: '', sender: by, content: { topic: `${choice}` } };
  if (what === 'aliases')
    return { type: 'm.room.aliases', state_key: by.slice(-1), sender: by, content: { aliases: [] } };
  if (what === 'message') return { type: 'm.room.message', sender: by, content: {} };
  return {
    type: 'm.room.power_levels',
    state_key: '',
    sender: by,
    content: server.levelsWith(of, pick(powers), choice),
  };
}

/** A server as far as states go. */
class Server {
  readonly events = new Map<string, ResolvableEvent>();
  readonly after = new Map<string, StateMap>();
  readonly #rules: RoomVersionRules;
  readonly #resolve: Resolve;

  constructor(rules: RoomVersionRules, resolve: Resolve) {
    this.#rules = rules;
    this.#resolve = resolve;
  }

  /** The state before what follows those events. */
  before(ids: readonly string[]): StateMap {
    const states = ids.map((id) => this.after.get(id) as StateMap);
    const [first = new Map<string, string>()] = states;
    return states.length <= 1 ? first : this.#resolve(states, this.events);
  }

  current(turn: number): StateMap {
    const followed = new Set([...this.events.values()].flatMap(({ event }) => event.prev_events as string[]));
    const loose = [...this.events.keys()].filter((id) => !followed.has(id));
    return this.before([...loose.slice(turn % loose.length), ...loose.slice(0, turn % loose.length)]);
  }

  levelsWith(user: string, power: number, choice: number): JsonObject {
    const last = [...this.events.values()].findLast(({ event }) => event.type === 'm.room.power_levels');
    const content = last?.event.content ?? {};
    if (choice % 7 === 0) return { ...content, state_default: power };
    return { ...content, users: { ...(content['users'] as JsonObject), [user]: power } };
  }

  make(made: Made, how: Partial<Step> = {}): void {
    const after: readonly number[] = how.after ?? [0];
    const number = this.events.size;
    const known = [...this.events.keys()];
    const prev_events = [...new Set(after.map((back) => known[Math.max(0, number - 1 - back)] as string))];
    const state = this.before(number === 0 ? [] : prev_events);
    const from = how.cites?.how === 'elsewhere' ? this.after.get(known[how.cites.from % number] as string) : state;
    const auth_events = authEventKeys(made, this.#rules).flatMap((key) => from?.get(stateMapKey(...key)) ?? []);
    this.receive({
      // IDs in another order than the events.
      eventId: number === 0 ? '$000' : `$${String((number * 607) % 997).padStart(3, '0')}`,
      rejected: false,
      event: {
        ...made,
        ...(this.#rules.roomIdIsCreateEvent ? (number === 0 ? {} : { room_id: room12 }) : { room_id: roomOlder }),
        prev_events: number === 0 ? [] : prev_events,
        auth_events: [...new Set(tampered(auth_events, known, how.cites))],
        origin_server_ts: how.ts ?? number,
        depth: Math.max(0, ...prev_events.map((id) => this.events.get(id)?.event.depth ?? 0)) + 1,
      },
    });
  }

  receive(received: ResolvableEvent): void {
    const { eventId, event } = received;
    const before = this.before(event.prev_events as string[]);
    const rejected = !this.isAllowed(received, before);
    this.events.set(eventId, { ...received, rejected });
    const isState = !rejected && event.state_key !== undefined;
    this.after.set(
      eventId,
      isState ? new Map([...before, [stateMapKey(event.type, event.state_key ?? ''), eventId]]) : before,
    );
  }

  isAllowed({ event }: ResolvableEvent, before: StateMap): boolean {
    if (event.type === 'm.room.create') return true;
    const cited = event.auth_events.map((id) => this.events.get(id));
    const known = cited.filter((each) => each !== undefined);
    if (known.length < cited.length) return false;
    if (judgeAuthEvents(event, event.room_id ?? '', known, this.#rules).outcome === 'rejected') return false;
    const create = this.#rules.roomIdIsCreateEvent ? ['$000'] : [];
    const byAuth = new Map([...create, ...event.auth_events].map((id) => [this.#keyOf(id), id]));
    return [byAuth, before].every((state) => {
      const lookup = (type: string, key: string) => this.events.get(state.get(stateMapKey(type, key)) ?? '');
      const verdict = authorise({ event, rules: this.#rules, state: lookup, isSignedBy: () => true });
      return verdict.outcome === 'allowed';
    });
  }

  #keyOf(id: string): string {
    const event = this.events.get(id)?.event;
    return stateMapKey(event?.type ?? '', event?.state_key ?? '');
  }
}

function tampered(
  auth: readonly string[],
  known: readonly string[],
  cites: Step['cites'] | undefined,
): readonly string[] {
  const other = known[(cites?.from ?? 0) % known.length] as string;
  if (cites?.how === 'less') return auth.filter((_id, index) => index !== cites.from % auth.length);
  if (cites?.how === 'twice' || cites?.how === 'foreign') return [...auth, other];
  if (cites?.how === 'unknown') return [...auth, '$nobody-has-it'];
  return auth;
}
