// State resolution, version 1: for rooms of version 1 alone. What conflicts is settled key by key, auth events first, each kind of them
// in the light of the kinds before it; known to set rooms back, and kept as it is because all servers in such a room must agree.
//
//   union of what does not conflict ─▶ power levels ─▶ join rules ─▶ members ─▶ everything else
//
// Members are settled independently of one another, as other servers do: the specification leaves their order open, and the state may
// not depend on it. Where nothing passes, the oldest event stays, so that no key is lost.
// https://spec.matrix.org/v1.19/rooms/v1/#state-resolution

import { hash } from 'node:crypto';
import type { RoomVersionRules } from '@pons/spec';
import { authStateKeys } from '../auth-events.ts';
import { authorise } from '../authorise.ts';
import { type EventById, type ResolvableEvent, type StateMap, stateMapKey } from './state-sets.ts';

/** States, taken apart as version 1 does: a key that only some of them have does not conflict. */
export interface ConflictsByKey {
  readonly agreed: Map<string, string>;
  readonly conflicts: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Divides states into what they agree on and the events that they have for the same key. */
export function conflictsByKey(stateSets: readonly StateMap[]): ConflictsByKey {
  const values = new Map<string, Set<string>>();
  for (const state of stateSets) {
    for (const [key, id] of state) {
      const found = values.get(key);
      if (found === undefined) values.set(key, new Set([id]));
      else found.add(id);
    }
  }
  const agreed = new Map<string, string>();
  const conflicts = new Map<string, Set<string>>();
  for (const [key, ids] of values) {
    const [first] = ids;
    if (ids.size > 1) conflicts.set(key, ids);
    else if (first !== undefined) agreed.set(key, first);
  }
  return { agreed, conflicts };
}

/** Events whose content the algorithm looks at: those that conflict and what of the agreed state authorises them. */
export function neededInVersion1(
  { agreed, conflicts }: ConflictsByKey,
  rules: RoomVersionRules,
  eventOf: (eventId: string) => ResolvableEvent | undefined,
): Set<string> {
  const needed = new Set<string>();
  for (const ids of conflicts.values()) {
    for (const id of ids) {
      needed.add(id);
      const event = eventOf(id)?.event;
      for (const key of event === undefined ? [] : authStateKeys(event, rules)) {
        const value = agreed.get(stateMapKey(...key));
        if (value !== undefined) needed.add(value);
      }
    }
  }
  return needed;
}

/** Settles the conflicts. */
export function resolveVersion1(split: ConflictsByKey, rules: RoomVersionRules, eventOf: EventById): StateMap {
  const state = new Map(split.agreed);
  const left = new Map(split.conflicts);
  for (const isKind of [
    (key: string) => key === stateMapKey('m.room.power_levels', ''),
    (key: string) => key.startsWith(stateMapKey('m.room.join_rules', '')),
    (key: string) => key.startsWith(stateMapKey('m.room.member', '')),
  ]) {
    const settled = [...left].filter(([key]) => isKind(key));
    const chosen = settled.map(
      ([key, ids]) => [key, latestInARow(key, byDepth(ids, eventOf), { state, rules, eventOf })] as const,
    );
    for (const [key, id] of chosen) {
      state.set(key, id);
      left.delete(key);
    }
  }
  const others = [...left].map(
    ([key, ids]) => [key, latestAllowed(byDepth(ids, eventOf), { state, rules, eventOf })] as const,
  );
  for (const [key, id] of others) state.set(key, id);
  return state;
}

interface Ground {
  readonly state: ReadonlyMap<string, string>;
  readonly rules: RoomVersionRules;
  readonly eventOf: EventById;
}

/** Auth events: from the oldest on, each must be allowed in the state that holds the one before it. */
function latestInARow(key: string, [oldest, ...newer]: readonly ResolvableEvent[], ground: Ground): string {
  let chosen = (oldest as ResolvableEvent).eventId;
  for (const event of newer) {
    if (!isAllowed(event, ground, [key, chosen])) break;
    chosen = event.eventId;
  }
  return chosen;
}

/** Other events: the newest that is allowed. */
function latestAllowed(events: readonly ResolvableEvent[], ground: Ground): string {
  const chosen = events.findLast((event) => isAllowed(event, ground)) ?? (events[0] as ResolvableEvent);
  return chosen.eventId;
}

function isAllowed(
  { event }: ResolvableEvent,
  { state, rules, eventOf }: Ground,
  over?: readonly [string, string],
): boolean {
  const verdict = authorise({
    event,
    rules,
    state: (type, stateKey) => {
      const key = stateMapKey(type, stateKey);
      const id = over?.[0] === key ? over[1] : state.get(key);
      return id === undefined ? undefined : eventOf(id);
    },
  });
  return verdict.outcome === 'allowed';
}

/** The oldest first; among equally deep ones that with the greatest SHA-1 of its ID. */
function byDepth(ids: ReadonlySet<string>, eventOf: EventById): ResolvableEvent[] {
  return Array.from(ids, (id) => ({ event: eventOf(id), sha1: hash('sha1', id) }))
    .sort((left, right) => {
      const deeper = left.event.event.depth - right.event.event.depth;
      return deeper !== 0 ? deeper : left.sha1 > right.sha1 ? -1 : left.sha1 < right.sha1 ? 1 : 0;
    })
    .map(({ event }) => event);
}
