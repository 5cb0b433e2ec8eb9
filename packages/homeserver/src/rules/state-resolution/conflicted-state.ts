// What the states disagree about: the keys with different values, and the events that authorise only some of them (auth difference);
// since version 2.1 also what lies between conflicted events on the way of auth events (conflicted state subgraph).
// https://spec.matrix.org/v1.19/rooms/v12/#definitions

import type { StateMap } from './state-sets.ts';

/** Auth events of an event. */
export type AuthEdges = (eventId: string) => readonly string[];

/** States, taken apart. */
export interface SplitState {
  /** Keys on which all agree. */
  readonly unconflicted: Map<string, string>;
  /** Events that not all states have for their key. */
  readonly conflicted: Set<string>;
}

/** Divides states into what all agree on and what not. */
export function splitState(stateSets: readonly StateMap[]): SplitState {
  const unconflicted = new Map<string, string>();
  const conflicted = new Set<string>();
  const keys = new Set(stateSets.flatMap((state) => [...state.keys()]));
  for (const key of keys) {
    const values = new Set(stateSets.map((state) => state.get(key)));
    const [first] = values;
    if (values.size === 1 && first !== undefined) unconflicted.set(key, first);
    else for (const value of values) if (value !== undefined) conflicted.add(value);
  }
  return { unconflicted, conflicted };
}

/** Everything that can be reached over auth events, without the start unless it is reached as well. */
export function authChain(start: Iterable<string>, edges: AuthEdges): Set<string> {
  const chain = new Set<string>();
  const stack = [...start];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    for (const cited of edges(id)) {
      if (chain.has(cited)) continue;
      chain.add(cited);
      stack.push(cited);
    }
  }
  return chain;
}

/**
 * Events that are in the auth chain of some states but not of all. The chain of what is unconflicted is part of every state's chain, so
 * only those of conflicted events are compared, and the rest is walked only if they differ.
 */
export function authDifference(stateSets: readonly StateMap[], split: SplitState, edges: AuthEdges): Set<string> {
  const chains = stateSets.map((state) =>
    authChain(
      [...state.values()].filter((id) => split.conflicted.has(id)),
      edges,
    ),
  );
  const different = new Set<string>();
  for (const chain of chains) {
    for (const id of chain) if (!chains.every((other) => other.has(id))) different.add(id);
  }
  if (different.size === 0) return different;
  for (const id of authChain(split.unconflicted.values(), edges)) different.delete(id);
  return different;
}

/** Events on a path over auth events from one conflicted event to another, ends included. */
export function conflictedSubgraph(conflicted: ReadonlySet<string>, edges: AuthEdges): Set<string> {
  const reachable = authChain(conflicted, edges);
  // Who cites whom among what is reachable, turned around: from the conflicted events back up.
  const citing = new Map<string, string[]>();
  for (const id of new Set([...reachable, ...conflicted])) {
    for (const cited of edges(id)) {
      const list = citing.get(cited);
      if (list === undefined) citing.set(cited, [id]);
      else list.push(id);
    }
  }
  const above = authChain(conflicted, (id) => citing.get(id) ?? []);
  const between = new Set(conflicted);
  for (const id of above) if (reachable.has(id)) between.add(id);
  return between;
}
