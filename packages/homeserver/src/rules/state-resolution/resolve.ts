// State resolution: one state out of several. A room is a graph; where it forks, each branch has a state of its own,
// and every server must come to the same state where the branches meet again, whatever order it heard of them in.
//
//   states ──split──► unconflicted                                                  ─────────────┐ 5 wins
//      │                                                                                         ▼
//      └────────────► conflicted + auth difference (+ subgraph in 2.1) = full conflicted set    state
//                        │                                                                       ▲
//                        ├─ power events, with their auth events in the set ─1 sort─► 2 check ─┐ │
//                        └─ the rest ──────────────────────── 3 sort by mainline of it ◄───────┴─► 4 check
//
// So do versions 2 and 2.1; version 1 goes key by key (resolve-version-1.ts).
// Power events come first because they may take from somebody the right to do the rest. Version 2 starts its checks from the
// unconflicted state; 2.1 from nothing, because the unconflicted state may come from later than the events that are checked.
// Nothing here recurses and nothing is fetched: what is not known is answered as missing, and the caller asks again with it.
// https://spec.matrix.org/v1.19/rooms/v12/#algorithm

import type { RoomVersionRules } from '@pons/spec';
import { authStateKeys } from '../auth-events.ts';
import { authChain, authDifference, conflictedSubgraph, type SplitState, splitState } from './conflicted-state.ts';
import { iterativeAuthChecks } from './iterative-auth-checks.ts';
import { mainlineOrder } from './mainline-order.ts';
import { conflictsByKey, neededInVersion1, resolveVersion1 } from './resolve-version-1.ts';
import { reverseTopologicalOrder } from './reverse-topological-order.ts';
import {
  createIdOf,
  type EventById,
  type FindEvent,
  type ResolvableEvent,
  type StateMap,
  stateMapKey,
} from './state-sets.ts';

export { type ResolvableEvent, type StateMap, stateMapKey } from './state-sets.ts';

/** What is resolved, and where to find the events. */
export interface ResolveInput {
  readonly rules: RoomVersionRules;
  readonly stateSets: readonly StateMap[];
  /**
   * Events by ID: those that conflict, what they cite, and what of the unconflicted state authorises them; since room version 12 also the
   * create event. Chains of power levels are asked for as far as anything is ordered by them, whole auth chains only where no index has
   * told of them.
   */
  readonly eventOf: FindEvent;
  /** Auth events by ID, for the auth chain of the whole state, where that is cheaper than whole events. By default eventOf's. */
  readonly authEventsOf?: (eventId: string) => readonly string[] | undefined;
  /** Events that some states' auth chains have and others not, where an index has told (auth-chain/); by default they are walked. */
  readonly authDifference?: ReadonlySet<string>;
  /** Since room version 12: events between conflicted ones, ends included, where an index has told. */
  readonly conflictedSubgraph?: ReadonlySet<string>;
}

/** The state, or the IDs of events that must be known first. */
export type Resolution =
  | { readonly outcome: 'resolved'; readonly state: StateMap }
  | { readonly outcome: 'missing'; readonly eventIds: readonly string[] };

/** Resolves states of one room into one. */
export function resolveState(input: ResolveInput): Resolution {
  if (input.rules.stateResolution === 1) return resolveByKey(input);
  const split = splitState(input.stateSets);
  if (split.conflicted.size === 0) return { outcome: 'resolved', state: split.unconflicted };

  const missing = new Set<string>();
  const edges = (id: string): readonly string[] => {
    const found = input.authEventsOf?.(id) ?? input.eventOf(id)?.event.auth_events;
    if (found === undefined) missing.add(id);
    return found ?? [];
  };
  const conflicted = fullConflictedSet(input, split, edges);
  for (const id of neededEvents(input, split, conflicted)) if (input.eventOf(id) === undefined) missing.add(id);
  if (missing.size > 0) return { outcome: 'missing', eventIds: [...missing] };

  return resolveConflicts(input.rules, split, conflicted, input.eventOf);
}

function resolveByKey({ rules, stateSets, eventOf }: ResolveInput): Resolution {
  const split = conflictsByKey(stateSets);
  const missing = [...neededInVersion1(split, rules, eventOf)].filter((id) => eventOf(id) === undefined);
  if (missing.length > 0) return { outcome: 'missing', eventIds: missing };
  return { outcome: 'resolved', state: resolveVersion1(split, rules, known(eventOf)) };
}

/** Answers for events that are known to be known. */
function known(find: ResolveInput['eventOf']): EventById {
  return (id) => {
    const event = find(id);
    // What is needed was listed before.
    if (event === undefined) throw new Error(`state resolution asked for ${id}, which it had not listed`);
    return event;
  };
}

function resolveConflicts(
  rules: RoomVersionRules,
  split: SplitState,
  conflicted: ReadonlySet<string>,
  find: FindEvent,
): Resolution {
  const eventOf = known(find);
  const powerful = powerEventsWithAuth(conflicted, eventOf);
  const start: StateMap = rules.stateResolution === 2.1 ? new Map() : split.unconflicted;
  const powerOrder = reverseTopologicalOrder(powerful, eventOf, rules);
  const partial = iterativeAuthChecks(start, powerOrder, eventOf, rules);

  const rest = [...conflicted].filter((id) => !powerful.has(id)).map(eventOf);
  const levels = partial.get(stateMapKey('m.room.power_levels', ''));
  const restOrder = rest.length === 0 ? { order: [] } : mainlineOrder(rest, levels, find);
  if ('missing' in restOrder) return { outcome: 'missing', eventIds: restOrder.missing };
  const state = iterativeAuthChecks(partial, restOrder.order, eventOf, rules);
  for (const [key, id] of split.unconflicted) state.set(key, id);
  return { outcome: 'resolved', state };
}

function fullConflictedSet(
  input: ResolveInput,
  split: SplitState,
  edges: (id: string) => readonly string[],
): Set<string> {
  const { rules, stateSets } = input;
  const full = new Set(split.conflicted);
  if (rules.stateResolution === 2.1) {
    for (const id of input.conflictedSubgraph ?? conflictedSubgraph(split.conflicted, edges)) full.add(id);
  }
  for (const id of input.authDifference ?? authDifference(stateSets, split, edges)) full.add(id);
  return full;
}

/** Every event that the checks may look at, as far as those that are known tell. */
function neededEvents(
  { rules, eventOf }: ResolveInput,
  split: SplitState,
  conflicted: ReadonlySet<string>,
): Set<string> {
  const needed = new Set(conflicted);
  for (const id of conflicted) {
    const event = eventOf(id)?.event;
    if (event === undefined) continue;
    for (const cited of event.auth_events) needed.add(cited);
    if (rules.roomIdIsCreateEvent && event.room_id !== undefined) needed.add(createIdOf(event.room_id));
    for (const [type, stateKey] of authStateKeys(event, rules)) {
      const value = split.unconflicted.get(stateMapKey(type, stateKey));
      if (value !== undefined) needed.add(value);
    }
  }
  return needed;
}

/**
 * Step 1: power events, and the events of the set that their auth chains lead to. As in other servers, chains are followed only through
 * the set: ordering by an event outside of it would make a difference that they do not make.
 */
function powerEventsWithAuth(conflicted: ReadonlySet<string>, eventOf: EventById): Set<string> {
  const powerful = [...conflicted].filter((id) => isPowerEvent(eventOf(id)));
  const within = (id: string) => eventOf(id).event.auth_events.filter((cited) => conflicted.has(cited));
  return new Set([...powerful, ...authChain(powerful, within)]);
}

/** An event that may take from somebody the ability to do something. */
function isPowerEvent({ event }: ResolvableEvent): boolean {
  if (event.state_key === undefined) return false;
  if (event.type === 'm.room.power_levels' || event.type === 'm.room.join_rules') return true;
  const { membership } = event.content;
  return (
    event.type === 'm.room.member' &&
    (membership === 'leave' || membership === 'ban') &&
    event.sender !== event.state_key
  );
}
