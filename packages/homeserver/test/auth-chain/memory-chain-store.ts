// The auth-chain index of one room in memory, and counters of what was asked of it.

import { assignChains, type ChainAssignment, type UnplacedEvent } from '../../src/rules/auth-chain/assign-chains.ts';
import type { ChainLink, ChainPlace, ChainSpan, ChainStore } from '../../src/rules/auth-chain/chain-store.ts';

/** One room. */
export class MemoryChainStore implements ChainStore {
  readonly places = new Map<string, ChainPlace>();
  readonly links: ChainLink[] = [];
  queries = 0;
  readonly #chains = new Map<number, string[]>();
  readonly #linksFrom = new Map<number, ChainLink[]>();

  /** Places events and keeps where they went. */
  async add(events: readonly UnplacedEvent[]): Promise<ChainAssignment> {
    const assignment = await assignChains(events, this);
    for (const [eventId, place] of assignment.places) {
      this.places.set(eventId, place);
      const chain = this.#chains.get(place.chain) ?? [];
      chain[place.seq - 1] = eventId;
      this.#chains.set(place.chain, chain);
    }
    for (const link of assignment.links) {
      this.links.push(link);
      const own = this.#linksFrom.get(link.fromChain);
      if (own === undefined) this.#linksFrom.set(link.fromChain, [link]);
      else own.push(link);
    }
    return assignment;
  }

  get chainCount(): number {
    return this.#chains.size;
  }

  placesOf(eventIds: readonly string[]): Promise<ReadonlyMap<string, ChainPlace>> {
    this.queries++;
    return Promise.resolve(
      new Map(eventIds.flatMap((id) => (this.places.has(id) ? [[id, this.places.get(id) as ChainPlace]] : []))),
    );
  }

  lengthsOf(chains: readonly number[]): Promise<ReadonlyMap<number, number>> {
    this.queries++;
    return Promise.resolve(new Map(chains.map((chain) => [chain, this.#chains.get(chain)?.length ?? 0])));
  }

  highestLinks(pairs: readonly { readonly fromChain: number; readonly toChain: number }[]): Promise<readonly number[]> {
    this.queries++;
    const highest = ({ fromChain, toChain }: { readonly fromChain: number; readonly toChain: number }) =>
      (this.#linksFrom.get(fromChain) ?? []).reduce(
        (max, link) => (link.toChain === toChain ? Math.max(max, link.toSeq) : max),
        0,
      );
    return Promise.resolve(pairs.map(highest));
  }

  linksFrom(chains: readonly number[], limit: number): Promise<readonly ChainLink[]> {
    this.queries++;
    return Promise.resolve(chains.flatMap((chain) => this.#linksFrom.get(chain) ?? []).slice(0, limit));
  }

  everyLink(limit: number): Promise<readonly ChainLink[]> {
    this.queries++;
    return Promise.resolve(this.links.slice(0, limit));
  }

  eventsAt(spans: readonly ChainSpan[]): Promise<readonly string[]> {
    this.queries++;
    return Promise.resolve(
      spans.flatMap(({ chain, after, upTo }) => (this.#chains.get(chain) ?? []).slice(after, upTo)),
    );
  }
}
