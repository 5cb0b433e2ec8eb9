// A room for tests of state resolution, told in words: states are made by sending one thing after another, and forks by sending two
// things in the same state. Nothing is signed or hashed; events get short IDs in the order in which they are made.

import { type JsonObject, type RoomVersionRules, roomVersionRules } from '@pons/spec';
import { authEventKeys } from '../../src/rules/auth-events.ts';
import {
  type ResolvableEvent,
  resolveState,
  type StateMap,
  stateMapKey,
} from '../../src/rules/state-resolution/resolve.ts';

export const alice = '@alice:a';
export const bob = '@bob:b';
export const charlie = '@charlie:c';
export const zara = '@zara:z';

export interface Sent {
  readonly type: string;
  readonly key?: string;
  readonly sender: string;
  readonly content: JsonObject;
  readonly ts?: number;
}

/** A room that is built by hand: events get short IDs in the order they are made. */
export class TestRoom {
  readonly rules: RoomVersionRules;
  readonly events = new Map<string, ResolvableEvent>();
  #count = 0;

  constructor(version: string) {
    const rules = roomVersionRules(version);
    if (rules === undefined) throw new Error(version);
    this.rules = rules;
  }

  /** The state after an event is sent in a state; nothing is checked. */
  send(state: StateMap, sent: Sent): StateMap {
    const after = new Map(state);
    this.add(after, sent);
    return after;
  }

  /** Sends an event in a state and changes that state. */
  add(state: Map<string, string>, { type, key = '', sender, content, ts }: Sent): void {
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
    state.set(stateMapKey(type, key), eventId);
  }

  /** Sets the depth of an event that was sent; by default it is its number. */
  setDepth(eventId: string, depth: number): void {
    const sent = this.events.get(eventId);
    if (sent !== undefined) this.events.set(eventId, { ...sent, event: { ...sent.event, depth } });
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

export function member(sender: string, target: string, membership: string): Sent {
  return { type: 'm.room.member', key: target, sender, content: { membership } };
}
export function levels(sender: string, users: JsonObject): Sent {
  return { type: 'm.room.power_levels', sender, content: { users } };
}
export function topic(sender: string, text: string, ts?: number): Sent {
  return { type: 'm.room.topic', sender, content: { topic: text }, ...(ts === undefined ? {} : { ts }) };
}

/** Power levels in which alice stands where she may: not in version 12, where she is the creator. */
export function users(room: TestRoom, others: JsonObject): JsonObject {
  return room.rules.creatorsHaveInfinitePower ? others : { [alice]: 100, ...others };
}
