// Laying new state events on chains. An event goes on the chain of one of its auth events if that is the last there: by preference the
// one that it replaces (so memberships of one user, or power levels, make a chain), else the one on the longest chain. If none is the
// last, it begins a chain. What it cites besides becomes links, unless the chain before it leads there already.

import type { ChainLink, ChainPlace, ChainStore } from './chain-store.ts';

/** A state event without a place. */
export interface UnplacedEvent {
  readonly eventId: string;
  /** Names its chain if it begins one; of no other event in the room. */
  readonly number: number;
  readonly authEventIds: readonly string[];
  /** That of its auth events whose type and state key are its own, if there is one. */
  readonly replaces?: string | undefined;
}

/** Where events went. */
export interface ChainAssignment {
  readonly places: ReadonlyMap<string, ChainPlace>;
  readonly links: readonly ChainLink[];
  /** Auth events that have no place and are not among the given ones: what rests on them was left out. */
  readonly missing: ReadonlySet<string>;
}

/** Lays events on chains, whatever their order. Those that have a place already are not to be given. */
export async function assignChains(events: readonly UnplacedEvent[], store: ChainStore): Promise<ChainAssignment> {
  const given = new Map(events.map((event) => [event.eventId, event]));
  const cited = new Set(events.flatMap((event) => event.authEventIds.filter((id) => !given.has(id))));
  const known = await store.placesOf([...cited]);
  const missing = new Set([...cited].filter((id) => !known.has(id)));
  const ground = await readGround(given, known, store);
  for (const event of inOrder(given, missing)) place(event, ground);
  return { places: ground.places, links: ground.links, missing };
}

type Given = ReadonlyMap<string, UnplacedEvent>;

/** What placing looks at and adds to. */
interface Ground {
  readonly known: ReadonlyMap<string, ChainPlace>;
  readonly places: Map<string, ChainPlace>;
  readonly links: ChainLink[];
  readonly lengths: Map<number, number>;
  /** Highest place that a chain links to on another, by pairText. */
  readonly reached: Map<string, number>;
}

async function readGround(given: Given, known: Ground['known'], store: ChainStore): Promise<Ground> {
  const lengths = new Map(await store.lengthsOf([...new Set(Array.from(known.values(), ({ chain }) => chain))]));
  const pairs = new Map<string, { readonly fromChain: number; readonly toChain: number }>();
  for (const { authEventIds } of given.values()) {
    const chains = authEventIds.flatMap((id) => known.get(id) ?? []);
    for (const from of chains) {
      if (lengths.get(from.chain) !== from.seq) continue;
      for (const { chain: toChain } of chains) {
        if (toChain !== from.chain) pairs.set(pairText(from.chain, toChain), { fromChain: from.chain, toChain });
      }
    }
  }
  const highest = await store.highestLinks([...pairs.values()]);
  const reached = new Map([...pairs.keys()].map((text, at) => [text, highest[at] ?? 0]));
  return { known, places: new Map(), links: [], lengths, reached };
}

function pairText(fromChain: number, toChain: number): string {
  return `${fromChain} ${toChain}`;
}

/** Auth events first; without those that rest on a missing one, or on themselves. */
function* inOrder(given: Given, missing: ReadonlySet<string>): Generator<UnplacedEvent> {
  const waitingFor = new Map<string, number>();
  const citing = new Map<string, UnplacedEvent[]>();
  const ready: UnplacedEvent[] = [];
  for (const event of given.values()) {
    const cited = new Set(event.authEventIds);
    if ([...cited].some((id) => missing.has(id))) continue;
    const inside = [...cited].filter((id) => given.has(id));
    waitingFor.set(event.eventId, inside.length);
    for (const id of inside) {
      const above = citing.get(id);
      if (above === undefined) citing.set(id, [event]);
      else above.push(event);
    }
    if (inside.length === 0) ready.push(event);
  }
  for (let next = 0; next < ready.length; next++) {
    const event = ready[next] as UnplacedEvent;
    yield event;
    for (const above of citing.get(event.eventId) ?? []) {
      const left = (waitingFor.get(above.eventId) ?? 0) - 1;
      waitingFor.set(above.eventId, left);
      if (left === 0) ready.push(above);
    }
  }
}

function place(event: UnplacedEvent, ground: Ground): void {
  const cited = new Map<string, ChainPlace>();
  for (const id of event.authEventIds) {
    const at = ground.places.get(id) ?? ground.known.get(id);
    if (at !== undefined) cited.set(id, at);
  }
  const before = chainToGoOn(event, cited, ground);
  const own: ChainPlace = { chain: before?.chain ?? event.number, seq: (before?.seq ?? 0) + 1 };
  ground.places.set(event.eventId, own);
  ground.lengths.set(own.chain, own.seq);

  const highest = new Map<number, number>();
  for (const { chain, seq } of cited.values()) {
    if (chain !== own.chain) highest.set(chain, Math.max(highest.get(chain) ?? 0, seq));
  }
  for (const [toChain, toSeq] of highest) {
    const pair = pairText(own.chain, toChain);
    if ((ground.reached.get(pair) ?? 0) >= toSeq) continue;
    ground.reached.set(pair, toSeq);
    ground.links.push({ fromChain: own.chain, fromSeq: own.seq, toChain, toSeq });
  }
}

function chainToGoOn(
  { replaces }: UnplacedEvent,
  cited: ReadonlyMap<string, ChainPlace>,
  { lengths }: Ground,
): ChainPlace | undefined {
  let longest: ChainPlace | undefined;
  for (const [id, at] of cited) {
    if (lengths.get(at.chain) !== at.seq) continue;
    if (id === replaces) return at;
    if (longest === undefined || at.seq > longest.seq) longest = at;
  }
  return longest;
}
