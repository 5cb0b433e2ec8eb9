// A room as the specification's prose has it, in memory and whole: states are maps, every event keeps the state before it, and the current
// state is resolved anew each time. What the lane and the database come to is compared with it.
import { citedIds, type RoomVersionRules } from '@pons/spec';
import { judgeAuthEvents } from '../../src/rules/auth-rules/auth-events.ts';
import { authorise } from '../../src/rules/authorise.ts';
import {
  type ResolvableEvent,
  resolveState,
  type StateMap,
  stateMapKey,
} from '../../src/rules/state-resolution/resolve.ts';
import type { SignedEvent } from './signed-history.ts';

type Outcome = 'accepted' | 'soft-failed' | 'rejected';

/** One room. */
export class ModelRoom {
  readonly before = new Map<string, StateMap>();
  readonly outcomes = new Map<string, Outcome>();
  readonly #after = new Map<string, StateMap>();
  readonly #events = new Map<string, ResolvableEvent>();
  readonly #rules: RoomVersionRules;
  readonly #roomId: string;
  leaves: ReadonlySet<string> = new Set();
  current: StateMap = new Map();

  constructor(rules: RoomVersionRules, roomId: string) {
    this.#rules = rules;
    this.#roomId = roomId;
  }

  receive(signed: SignedEvent): Outcome {
    const { eventId, pdu, prevIds, authIds } = signed;
    const event = { ...pdu, auth_events: authIds };
    const before = this.#merge(prevIds.map((id) => this.#after.get(id) as StateMap));
    this.#events.set(eventId, { eventId, event, rejected: true });
    const outcome = this.#judge(signed, before);
    this.#events.set(eventId, { eventId, event, rejected: outcome === 'rejected' });
    const isState = outcome !== 'rejected' && pdu.state_key !== undefined;
    const after = isState ? new Map([...before, [stateMapKey(pdu.type, pdu.state_key ?? ''), eventId]]) : before;
    this.before.set(eventId, before);
    this.#after.set(eventId, after);
    this.outcomes.set(eventId, outcome);
    if (outcome === 'accepted') {
      this.leaves = new Set([...[...this.leaves].filter((id) => !this.#followed(prevIds).has(id)), eventId]);
      this.current = this.#merge([...this.leaves].map((id) => this.#after.get(id) as StateMap));
    }
    return outcome;
  }

  /** What the loose ends come to. */
  currentOf(leaves: Iterable<string>): StateMap {
    return this.#merge([...leaves].map((id) => this.#after.get(id) as StateMap));
  }

  #followed(ids: readonly string[], seen = new Set<string>()): Set<string> {
    for (const id of ids) {
      if (seen.has(id)) continue;
      seen.add(id);
      if (this.outcomes.get(id) !== 'accepted')
        this.#followed(citedIds(this.#events.get(id)?.event.prev_events ?? []), seen);
    }
    return seen;
  }

  #merge(stateSets: readonly StateMap[]): StateMap {
    const [first = new Map<string, string>()] = stateSets;
    if (stateSets.length <= 1) return first;
    const result = resolveState({ rules: this.#rules, stateSets, eventOf: (id) => this.#events.get(id) });
    if (result.outcome !== 'resolved') throw new Error(`missing ${result.eventIds.join()}`);
    return result.state;
  }

  #judge({ pdu, authIds }: SignedEvent, before: StateMap): Outcome {
    const cited = authIds.map((id) => this.#events.get(id));
    const known = cited.filter((each) => each !== undefined);
    if (known.length < cited.length) return 'rejected';
    const listed = judgeAuthEvents(pdu, this.#roomId, known, this.#rules);
    if (listed.outcome === 'rejected') return 'rejected';
    const create = this.#rules.roomIdIsCreateEvent ? [`$${this.#roomId.slice(1)}`] : [];
    const byAuth = new Map([...create, ...authIds].map((id) => [this.#keyOf(id), id]));
    const allows = (state: StateMap) =>
      authorise({
        event: pdu,
        rules: this.#rules,
        state: (type, key) => this.#events.get(state.get(stateMapKey(type, key)) ?? ''),
        isSignedBy: () => true,
      }).outcome === 'allowed';
    if (!allows(byAuth) || !allows(before)) return 'rejected';
    return pdu.type === 'm.room.create' || allows(this.current) ? 'accepted' : 'soft-failed';
  }

  #keyOf(id: string): string {
    const event = this.#events.get(id)?.event;
    return stateMapKey(event?.type ?? '', event?.state_key ?? '');
  }
}
