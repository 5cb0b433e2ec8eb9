// How far chains are reached from events: the auth chain of any number of events as one number per chain. Links are read in a few rounds;
// where chains are strung together one by one, all links of the room are read at once instead, if these are not too many. What a hostile
// room may cost is bounded: beyond that there is no answer.

import type { ChainLink, ChainPlace, ChainStore } from './chain-store.ts';

/** Rounds of following links, each one query: the chains of an ordinary room are two or three links apart. After the first all are read. */
const roundsBeforeAll = 12;
const roundsMax = 25;
/** Links that are read: about 30 ms. More where more events ask. */
const linksMax = 20_000;
const linksPerChain = 20;

/** How far each chain is reached: the last place, by chain. */
export type Reach = ReadonlyMap<number, number>;

/** Links by the chain they leave, in the order of places. */
export type Links = ReadonlyMap<number, readonly ChainLink[]>;

/** The links of those chains and of all chains that these lead to; undefined where that is too much. */
export async function readLinks(chains: Iterable<number>, store: ChainStore): Promise<Links | undefined> {
  const seen = new Set(chains);
  const limit = Math.max(linksMax, linksPerChain * seen.size);
  let links: readonly ChainLink[] = [];
  let frontier = [...seen];
  for (let round = 0; frontier.length > 0; round++) {
    if (round === roundsBeforeAll) {
      const every = await store.everyLink(limit + 1);
      if (every.length <= limit) return byChain(every);
    }
    const found = await store.linksFrom(frontier, limit + 1 - links.length);
    links = round === 0 ? found : links.concat(found);
    if (links.length > limit || round === roundsMax) return undefined;
    frontier = [];
    for (const { toChain } of found) {
      if (seen.has(toChain)) continue;
      seen.add(toChain);
      frontier.push(toChain);
    }
  }
  return byChain(links);
}

function byChain(links: readonly ChainLink[]): Links {
  const found = new Map<number, ChainLink[]>();
  for (const link of links) {
    const list = found.get(link.fromChain);
    if (list === undefined) found.set(link.fromChain, [link]);
    else list.push(link);
  }
  for (const list of found.values()) list.sort((left, right) => left.fromSeq - right.fromSeq);
  return found;
}

/** How far the auth chains of those events reach. The events themselves are in it only where another cites them. */
export function reachOf(places: Iterable<ChainPlace>, links: Links): Reach {
  const reach = new Map<number, number>();
  const followed = new Map<number, number>();
  const risen: number[] = [];
  const rise = (chain: number, seq: number) => {
    if (seq <= (reach.get(chain) ?? 0)) return;
    reach.set(chain, seq);
    risen.push(chain);
  };
  for (const { chain, seq } of places) {
    rise(chain, seq - 1);
    const own = links.get(chain) ?? [];
    for (let at = firstAt(own, seq); own[at]?.fromSeq === seq; at++) rise(own[at]?.toChain ?? 0, own[at]?.toSeq ?? 0);
  }
  for (let chain = risen.pop(); chain !== undefined; chain = risen.pop()) {
    const own = links.get(chain) ?? [];
    const upTo = reach.get(chain) ?? 0;
    let at = followed.get(chain) ?? 0;
    for (let link = own[at]; link !== undefined && link.fromSeq <= upTo; link = own[++at])
      rise(link.toChain, link.toSeq);
    followed.set(chain, at);
  }
  return reach;
}

/** Index of the first link at that place or later. */
function firstAt(links: readonly ChainLink[], seq: number): number {
  let low = 0;
  let high = links.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((links[middle]?.fromSeq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
