// What a lane remembers of its room's auth-chain index (rules/auth-chain/): the few events that authorise one after another, and how far
// their chains go, so that a join asks the database nothing. A guess like the rest of a lane's memory: forgotten when another process
// has written.
import type { ChainAssignment } from '../rules/auth-chain/assign-chains.ts';
import type { ChainPlace, ChainStore } from '../rules/auth-chain/chain-store.ts';

/** Entries of each kind that one lane keeps, about 100 bytes each. */
const rememberedMax = 200;

/** What a lane remembers of the index. */
export class ChainMemory {
  readonly #places = new Map<string, ChainPlace>();
  readonly #lengths = new Map<number, number>();
  readonly #reached = new Map<string, number>();

  forget(): void {
    for (const map of [this.#places, this.#lengths, this.#reached]) map.clear();
  }

  /** A part is stored. */
  adopt({ places, links }: ChainAssignment): void {
    if (places.size > rememberedMax / 4) return this.forget();
    for (const [eventId, place] of places) {
      remember(this.#places, eventId, place);
      remember(this.#lengths, place.chain, place.seq);
    }
    for (const { fromChain, toChain, toSeq } of links) remember(this.#reached, pairText(fromChain, toChain), toSeq);
  }

  /** The index, answered from memory where that knows. */
  over(store: ChainStore): ChainStore {
    return {
      ...store,
      placesOf: (ids) => through(this.#places, ids, (missing) => store.placesOf(missing)),
      lengthsOf: (chains) => through(this.#lengths, chains, (missing) => store.lengthsOf(missing)),
      highestLinks: async (pairs) => {
        const text = (pair: (typeof pairs)[number]) => pairText(pair.fromChain, pair.toChain);
        const missing = pairs.filter((pair) => !this.#reached.has(text(pair)));
        const read = missing.length === 0 ? [] : await store.highestLinks(missing);
        const found = new Map(missing.map((pair, at) => [text(pair), read[at] ?? 0]));
        const answer = pairs.map((pair) => found.get(text(pair)) ?? this.#reached.get(text(pair)) ?? 0);
        for (const [pair, seq] of found) remember(this.#reached, pair, seq);
        return answer;
      },
    };
  }
}

function pairText(fromChain: number, toChain: number): string {
  return `${fromChain} ${toChain}`;
}

function remember<Key, Value>(map: Map<Key, Value>, key: Key, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= rememberedMax) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

async function through<Key, Value>(
  memory: Map<Key, Value>,
  keys: readonly Key[],
  read: (keys: readonly Key[]) => Promise<ReadonlyMap<Key, Value>>,
): Promise<ReadonlyMap<Key, Value>> {
  const answer = new Map<Key, Value>();
  const missing: Key[] = [];
  for (const key of keys) {
    const value = memory.get(key);
    if (value === undefined) missing.push(key);
    else answer.set(key, value);
  }
  if (missing.length === 0) return answer;
  for (const [key, value] of await read(missing)) {
    answer.set(key, value);
    remember(memory, key, value);
  }
  return answer;
}
