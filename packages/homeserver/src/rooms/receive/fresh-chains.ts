// The auth-chain index as it will be once an event is stored: what state resolution asks while the event is still being judged.
import type { ChainAssignment } from '../../rules/auth-chain/assign-chains.ts';
import type { ChainLink, ChainStore } from '../../rules/auth-chain/chain-store.ts';

/** The index with what was assigned. */
export function withFresh(store: ChainStore, { places, links }: ChainAssignment): ChainStore {
  const fresh = [...places];
  return {
    placesOf: async (ids) => new Map([...(await store.placesOf(ids)), ...fresh.filter(([id]) => ids.includes(id))]),
    lengthsOf: async (chains) => {
      const lengths = new Map(await store.lengthsOf(chains));
      for (const [, { chain, seq }] of fresh) {
        if (chains.includes(chain)) lengths.set(chain, Math.max(lengths.get(chain) ?? 0, seq));
      }
      return lengths;
    },
    highestLinks: (pairs) => store.highestLinks(pairs),
    linksFrom: async (chains, limit) => [
      ...(await store.linksFrom(chains, limit)),
      ...links.filter(({ fromChain }) => chains.includes(fromChain)),
    ],
    everyLink: async (limit) => [...(await store.everyLink(limit)), ...links],
    eventsAt: async (spans) => [
      ...(await store.eventsAt(spans)),
      ...fresh.flatMap(([id, { chain, seq }]) =>
        spans.some((span) => span.chain === chain && seq > span.after && seq <= span.upTo) ? [id] : [],
      ),
    ],
  };
}

/** The index for the questions about one merge, which ask for the same links more than once. */
export function askedOnce(store: ChainStore): ChainStore {
  const asked = new Map<string, Promise<readonly ChainLink[]>>();
  const once = (what: string, ask: () => Promise<readonly ChainLink[]>) => {
    const answer = asked.get(what) ?? ask();
    asked.set(what, answer);
    return answer;
  };
  return {
    ...store,
    linksFrom: (chains, limit) => once(`${limit} ${chains.join()}`, () => store.linksFrom(chains, limit)),
    everyLink: (limit) => once(`${limit}`, () => store.everyLink(limit)),
  };
}
