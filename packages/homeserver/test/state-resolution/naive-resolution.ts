// A second state resolution, written from the specification's prose alone: definition after definition, with sets and no regard for
// cost. Only the authorisation rules are shared. Where it follows other servers instead of the prose, it says so.
// https://spec.matrix.org/v1.19/rooms/v12/#state-resolution, https://spec.matrix.org/v1.19/rooms/v1/#state-resolution

import { createHash } from 'node:crypto';
import type { RoomVersionRules } from '@pons/spec';
import { authStateKeys } from '../../src/rules/auth-events.ts';
import { authorise } from '../../src/rules/authorise.ts';
import { powerLevelsOf } from '../../src/rules/power-levels.ts';
import { type ResolvableEvent, type StateMap, stateMapKey } from '../../src/rules/state-resolution/resolve.ts';

const powerLevels = stateMapKey('m.room.power_levels', '');

/** Resolves states by the definitions. */
export class NaiveResolution {
  readonly rules: RoomVersionRules;
  readonly events: ReadonlyMap<string, ResolvableEvent>;
  readonly #chains = new Map<string, ReadonlySet<string>>();

  constructor(rules: RoomVersionRules, events: ReadonlyMap<string, ResolvableEvent>) {
    this.rules = rules;
    this.events = events;
  }

  resolve(states: readonly StateMap[]): Map<string, string> {
    return this.rules.stateResolution === 1 ? this.version1(states) : this.version2(states);
  }

  event(id: string): ResolvableEvent {
    const found = this.events.get(id);
    if (found === undefined) throw new Error(`no ${id}`);
    return found;
  }

  cites(id: string): readonly string[] {
    return this.event(id).event.auth_events;
  }

  /** "The set containing all of E's auth events, all of their auth events, and so on recursively." */
  chain(id: string): ReadonlySet<string> {
    let chain = this.#chains.get(id);
    if (chain === undefined) {
      chain = new Set(this.cites(id).flatMap((each) => [each, ...this.chain(each)]));
      this.#chains.set(id, chain);
    }
    return chain;
  }

  cited(id: string, type: string): string | undefined {
    return this.cites(id).find((each) => {
      const { event } = this.event(each);
      return event.type === type && event.state_key === '';
    });
  }

  createOf(id: string): string | undefined {
    const { room_id: roomId = '', type } = this.event(id).event;
    if (type === 'm.room.create') return id;
    return this.rules.roomIdIsCreateEvent ? `$${roomId.slice(1)}` : this.cited(id, 'm.room.create');
  }

  /** The power level of the sender "when looking at their respective auth_events". */
  level(id: string): number {
    const of = (each: string | undefined) => (each === undefined ? undefined : this.event(each).event);
    const levels = powerLevelsOf(of(this.createOf(id)), of(this.cited(id, 'm.room.power_levels')), this.rules);
    return levels.levelOf(this.event(id).event.sender);
  }

  isOlder(left: string, right: string): boolean {
    const a = this.event(left).event.origin_server_ts;
    const b = this.event(right).event.origin_server_ts;
    return a === b ? left < right : a < b;
  }

  isPower(id: string): boolean {
    const { type, content, sender, state_key } = this.event(id).event;
    const removes = content['membership'] === 'leave' || content['membership'] === 'ban';
    return (
      (state_key !== undefined && ['m.room.power_levels', 'm.room.join_rules'].includes(type)) ||
      (type === 'm.room.member' && removes && sender !== state_key)
    );
  }

  isAllowed(id: string, lookup: (key: string) => string | undefined): boolean {
    const { event } = this.event(id);
    const state = (type: string, stateKey: string) => {
      const found = lookup(stateMapKey(type, stateKey));
      return found === undefined ? undefined : this.event(found);
    };
    return authorise({ event, rules: this.rules, state, isSignedBy: () => true }).outcome === 'allowed';
  }

  keyOf(id: string): string {
    const { type, state_key: stateKey = '' } = this.event(id).event;
    return stateMapKey(type, stateKey);
  }

  /** "Iterative auth checks." */
  check(start: StateMap, order: readonly string[]): Map<string, string> {
    const state = new Map(start);
    for (const id of order) {
      const required = new Set(authStateKeys(this.event(id).event, this.rules).map((key) => stateMapKey(...key)));
      const lookup = (key: string) => {
        const present = required.has(key) ? state.get(key) : undefined;
        const own = this.cites(id).filter((each) => this.keyOf(each) === key && !this.event(each).rejected);
        const implied = key === stateMapKey('m.room.create', '') ? this.createOf(id) : undefined;
        return present ?? own.at(-1) ?? implied;
      };
      if (this.event(id).event.state_key !== undefined && this.isAllowed(id, lookup)) state.set(this.keyOf(id), id);
    }
    return state;
  }

  version2(states: readonly StateMap[]): Map<string, string> {
    const is21 = this.rules.stateResolution === 2.1;
    const keys = [...new Set(states.flatMap((state) => [...state.keys()]))];
    const agreed = keys.filter((key) =>
      states.every((state) => state.has(key) && state.get(key) === states[0]?.get(key)),
    );
    const unconflicted = new Map(agreed.map((key) => [key, states[0]?.get(key) as string]));
    const conflicted = new Set(
      keys.filter((key) => !agreed.includes(key)).flatMap((key) => states.flatMap((state) => state.get(key) ?? [])),
    );
    if (conflicted.size === 0) return unconflicted;
    const full = new Set([
      ...conflicted,
      ...this.authDifference(states),
      ...(is21 ? this.conflictedSubgraph(conflicted) : []),
    ]);

    // By the prose a power event brings every event of its auth chain that is in the set; as in other servers, the chain is followed
    // only through the set.
    let power = new Set([...full].filter((id) => this.isPower(id)));
    for (let size = -1; size !== power.size; ) {
      size = power.size;
      power = new Set([...power, ...[...power].flatMap((id) => this.cites(id).filter((each) => full.has(each)))]);
    }
    const partial = this.check(is21 ? new Map() : unconflicted, this.reverseTopologicalOrder(power));
    const rest = [...full].filter((id) => !power.has(id));
    const state = this.check(partial, this.mainlineOrder(rest, partial.get(powerLevels)));
    return new Map([...state, ...unconflicted]);
  }

  /** "∪ C − ∩ C" */
  authDifference(states: readonly StateMap[]): Set<string> {
    const chains = states.map((state) => new Set([...state.values()].flatMap((id) => [...this.chain(id)])));
    return new Set(chains.flatMap((chain) => [...chain]).filter((id) => !chains.every((chain) => chain.has(id))));
  }

  conflictedSubgraph(conflicted: ReadonlySet<string>): Set<string> {
    const above = (id: string) => [...conflicted].some((each) => this.chain(each).has(id));
    const below = (id: string) => [...this.chain(id)].some((each) => conflicted.has(each));
    return new Set([...conflicted, ...[...this.events.keys()].filter((id) => above(id) && below(id))]);
  }

  /** Kahn's algorithm, "at each step selecting the smallest vertex". */
  reverseTopologicalOrder(ids: ReadonlySet<string>): string[] {
    const order: string[] = [];
    const left = new Set(ids);
    while (left.size > 0) {
      const ready = [...left].filter((id) => !this.cites(id).some((each) => left.has(each)));
      const next = ready.reduce((best, id) => {
        const [level, other] = [this.level(id), this.level(best)];
        return (level === other ? this.isOlder(id, best) : level > other) ? id : best;
      });
      order.push(next);
      left.delete(next);
    }
    return order;
  }

  mainline(id: string | undefined): string[] {
    const line: string[] = [];
    for (let at = id; at !== undefined; at = this.cited(at, 'm.room.power_levels')) line.push(at);
    return line;
  }

  mainlineOrder(ids: readonly string[], levels: string | undefined): string[] {
    const mainline = this.mainline(levels);
    const position = (id: string) => {
      const at = this.mainline(this.cited(id, 'm.room.power_levels')).map((each) => mainline.indexOf(each));
      return at.find((each) => each >= 0) ?? Infinity;
    };
    return [...ids].sort((a, b) => {
      const [p, q] = [position(a), position(b)];
      return p === q ? (this.isOlder(a, b) ? -1 : 1) : p > q ? -1 : 1;
    });
  }

  version1(states: readonly StateMap[]): Map<string, string> {
    const keys = [...new Set(states.flatMap((state) => [...state.keys()]))];
    const events = (key: string) => [...new Set(states.flatMap((state) => state.get(key) ?? []))];
    const conflicting = keys.filter((key) => events(key).length > 1);
    const R = new Map(keys.filter((key) => !conflicting.includes(key)).map((key) => [key, events(key)[0] as string]));
    const sha1 = (id: string) => createHash('sha1').update(id).digest('hex');
    const depth = (id: string) => this.event(id).event.depth;
    const list = (key: string) =>
      events(key).sort((a, b) => (depth(a) === depth(b) ? (sha1(a) > sha1(b) ? -1 : 1) : depth(a) - depth(b)));
    for (const type of ['m.room.power_levels', 'm.room.join_rules', 'm.room.member']) {
      // Keys of one type do not see each other: the prose leaves their order open.
      const before = new Map(R);
      for (const key of conflicting.filter((each) => each.startsWith(`${type}\0`))) {
        if (type === 'm.room.power_levels' && key !== powerLevels) continue;
        const ordered = list(key);
        let current = ordered[0];
        for (const id of ordered.slice(1)) {
          if (!this.isAllowed(id, (each) => (each === key ? current : before.get(each)))) break;
          current = id;
        }
        R.set(key, current as string);
      }
    }
    const settled = new Map(R);
    for (const key of conflicting.filter((each) => !settled.has(each))) {
      const newestFirst = list(key).reverse();
      const passing = newestFirst.find((id) => this.isAllowed(id, (each) => settled.get(each)));
      // Where none passes the prose says nothing; other servers keep the oldest.
      R.set(key, passing ?? (newestFirst.at(-1) as string));
    }
    return R;
  }
}
