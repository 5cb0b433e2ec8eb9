// Auth difference and conflicted state subgraph from the index: what state resolution would else walk the whole room for. The caller
// hands both to resolveState().
// https://spec.matrix.org/v1.19/rooms/v12/#definitions

import type { SplitState } from '../state-resolution/conflicted-state.ts';
import type { StateMap } from '../state-resolution/state-sets.ts';
import type { ChainLink, ChainPlace, ChainSpan, ChainStore } from './chain-store.ts';
import { type Links, type Reach, reachOf, readLinks } from './reach.ts';

/** What the index says, or which events are not on it yet, or that the room is made so that it would take too long to say. */
export type IndexAnswer = { readonly outcome: 'found'; readonly eventIds: ReadonlySet<string> } | Unanswered;

type Unanswered = { readonly outcome: 'missing'; readonly eventIds: readonly string[] } | { readonly outcome: 'torn' };

/** Events that the auth chains of some of the states have and others not. */
export async function indexedAuthDifference(
  stateSets: readonly StateMap[],
  split: SplitState,
  store: ChainStore,
): Promise<IndexAnswer> {
  const conflicting = await locate([...split.conflicted], store);
  if (conflicting.outcome !== 'located') return conflicting;
  const reaches = stateSets.map((state) => {
    const own = [...state.values()].flatMap((id) =>
      split.conflicted.has(id) ? (conflicting.places.get(id) ?? []) : [],
    );
    return reachOf(own, conflicting.links);
  });
  const different = spansBetween(reaches);
  if (different.length === 0) return { outcome: 'found', eventIds: new Set() };

  // What the unconflicted state rests on is in the chain of every state.
  const common = await locate([...split.unconflicted.values()], store);
  if (common.outcome !== 'located') return common;
  const shared = reachOf(common.places.values(), common.links);
  const spans = different.flatMap(({ chain, after, upTo }) => {
    const from = Math.max(after, shared.get(chain) ?? 0);
    return from < upTo ? [{ chain, after: from, upTo }] : [];
  });
  return { outcome: 'found', eventIds: new Set(await store.eventsAt(spans)) };
}

/** Events on a path over auth events from one conflicted event to another, ends included. */
export async function indexedSubgraph(conflicted: ReadonlySet<string>, store: ChainStore): Promise<IndexAnswer> {
  const found = await locate([...conflicted], store);
  if (found.outcome !== 'located') return found;
  const places = [...found.places.values()];
  const below = reachOf(places, found.links);
  const above = leadFrom(places, found.links);
  const spans: ChainSpan[] = [];
  for (const [chain, upTo] of below) {
    const first = above.get(chain);
    if (first !== undefined && first <= upTo) spans.push({ chain, after: first - 1, upTo });
  }
  return { outcome: 'found', eventIds: new Set([...conflicted, ...(await store.eventsAt(spans))]) };
}

/** What is known of some events: where they are, and the links that matter to them. */
type Located =
  | { readonly outcome: 'located'; readonly places: ReadonlyMap<string, ChainPlace>; readonly links: Links }
  | Unanswered;

async function locate(ids: readonly string[], store: ChainStore): Promise<Located> {
  const places = await store.placesOf(ids);
  const eventIds = ids.filter((id) => !places.has(id));
  if (eventIds.length > 0) return { outcome: 'missing', eventIds };
  const links = await readLinks(new Set(Array.from(places.values(), ({ chain }) => chain)), store);
  return links === undefined ? { outcome: 'torn' } : { outcome: 'located', places, links };
}

/** Places that some reach and others do not. */
function spansBetween(reaches: readonly Reach[]): ChainSpan[] {
  const spans: ChainSpan[] = [];
  for (const chain of new Set(reaches.flatMap((reach) => [...reach.keys()]))) {
    const seqs = reaches.map((reach) => reach.get(chain) ?? 0);
    const [after, upTo] = [Math.min(...seqs), Math.max(...seqs)];
    if (after < upTo) spans.push({ chain, after, upTo });
  }
  return spans;
}

/** For each chain the first place from which on its events have one of those events in their auth chains. */
function leadFrom(places: readonly ChainPlace[], links: Links): Map<number, number> {
  const first = new Map<number, number>();
  for (const { chain, seq } of places) first.set(chain, Math.min(first.get(chain) ?? Infinity, seq));
  const arriving = byTarget(links);
  const followed = new Map<number, number>();
  const leads = new Map(Array.from(first, ([chain, seq]) => [chain, seq + 1]));
  const fallen = [...first.keys()];
  for (let chain = fallen.pop(); chain !== undefined; chain = fallen.pop()) {
    const from = first.get(chain) ?? Infinity;
    const own = arriving.get(chain) ?? [];
    let at = followed.get(chain) ?? 0;
    for (let link = own[at]; link !== undefined && link.toSeq >= from; link = own[++at]) {
      leads.set(link.fromChain, Math.min(leads.get(link.fromChain) ?? Infinity, link.fromSeq));
      if (link.fromSeq >= (first.get(link.fromChain) ?? Infinity)) continue;
      first.set(link.fromChain, link.fromSeq);
      fallen.push(link.fromChain);
    }
    followed.set(chain, at);
  }
  return leads;
}

/** Links by the chain at which they arrive, the highest place first. */
function byTarget(links: Links): Map<number, ChainLink[]> {
  const arriving = new Map<number, ChainLink[]>();
  for (const list of links.values()) {
    for (const link of list) {
      const own = arriving.get(link.toChain);
      if (own === undefined) arriving.set(link.toChain, [link]);
      else own.push(link);
    }
  }
  for (const list of arriving.values()) list.sort((left, right) => right.toSeq - left.toSeq);
  return arriving;
}
