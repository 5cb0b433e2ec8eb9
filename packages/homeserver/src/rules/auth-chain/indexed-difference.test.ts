// The auth-chain index against plain graph search, on random graphs and random rooms; and what hostile rooms cost.
// https://spec.matrix.org/v1.19/rooms/v12/#definitions

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { UnplacedEvent } from './assign-chains.ts';
import { indexedAuthDifference, indexedSubgraph } from './indexed-difference.ts';
import { authDifference, conflictedSubgraph, splitState } from '../state-resolution/conflicted-state.ts';
import {
  claimedStates,
  claims,
  makeHistory,
  replay,
  resolveWith,
  steps,
  textOf,
} from '../../../test/state-resolution/random-history.ts';
import { everyVersion } from '../../../test/state-resolution/properties.ts';
import { type StateMap, resolveState } from '../state-resolution/resolve.ts';
import { MemoryChainStore } from '../../../test/auth-chain/memory-chain-store.ts';

interface Node {
  readonly cites: readonly number[];
  readonly goesOn: boolean;
}

/** Graphs whose events cite up to four earlier ones, near and far. */
const graph: fc.Arbitrary<readonly Node[]> = fc.array(
  fc.record({ cites: fc.array(fc.oneof(fc.nat(3), fc.nat(60)), { maxLength: 4 }), goesOn: fc.boolean() }),
  { minLength: 2, maxLength: 60, size: 'max' },
);

function eventsOf(nodes: readonly Node[]): UnplacedEvent[] {
  return nodes.map(({ cites, goesOn }, at) => {
    const authEventIds = at === 0 ? [] : [...new Set(cites.map((back) => `$${Math.max(0, at - 1 - back)}`))];
    return { eventId: `$${at}`, number: 1_000 + at, authEventIds, replaces: goesOn ? authEventIds[0] : undefined };
  });
}

const edgesOf = (events: readonly UnplacedEvent[]) => {
  const found = new Map(events.map((event) => [event.eventId, event.authEventIds]));
  return (id: string) => found.get(id) ?? [];
};

/** States that disagree: each key has one of a few events in each. */
const picks = fc.array(fc.array(fc.nat(59), { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 4 });

function statesOf(nodes: readonly Node[], picked: readonly (readonly number[])[]): StateMap[] {
  return picked.map((numbers) => new Map(numbers.map((number, at) => [`key${at}`, `$${number % nodes.length}`])));
}

const sorted = (ids: Iterable<string>) => [...ids].sort();

async function answerOf(answer: ReturnType<typeof indexedSubgraph>): Promise<string[]> {
  const found = await answer;
  if (found.outcome === 'torn') return ['torn'];
  return found.outcome === 'found' ? sorted(found.eventIds) : [`missing ${found.eventIds.join()}`];
}

describe('the auth-chain index', () => {
  test('answers auth differences and conflicted subgraphs as graph search does', async () => {
    await fc.assert(
      fc.asyncProperty(graph, picks, fc.nat(10), async (nodes, picked, batch) => {
        const events = eventsOf(nodes);
        const store = new MemoryChainStore();
        // In lots, and in each lot the last first.
        for (let at = 0; at < events.length; at += batch + 1)
          await store.add(events.slice(at, at + batch + 1).reverse());
        const states = statesOf(nodes, picked);
        const split = splitState(states);
        const edges = edgesOf(events);
        expect(await answerOf(indexedAuthDifference(states, split, store))).toEqual(
          sorted(authDifference(states, split, edges)),
        );
        expect(await answerOf(indexedSubgraph(split.conflicted, store))).toEqual(
          sorted(conflictedSubgraph(split.conflicted, edges)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('gives each event one place, the next after one of its auth events or the first', async () => {
    await fc.assert(
      fc.asyncProperty(graph, async (nodes) => {
        const events = eventsOf(nodes);
        const store = new MemoryChainStore();
        await store.add(events);
        const texts = [...store.places.values()].map(({ chain, seq }) => `${chain} ${seq}`);
        expect(new Set(texts).size).toBe(events.length);
        for (const { eventId, authEventIds, number } of events) {
          const own = store.places.get(eventId);
          const isNext = authEventIds.some((id) => {
            const at = store.places.get(id);
            return at?.chain === own?.chain && at?.seq === (own?.seq ?? 0) - 1;
          });
          expect(own).toSatisfy(() => isNext || (own?.seq === 1 && own.chain === number));
        }
      }),
    );
  });

  test('leads to the same state as the walk', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...everyVersion), steps, claims, async (version, made, claimed) => {
        const history = makeHistory(version, made);
        const { events } = replay(history, resolveWith(history.rules));
        const store = new MemoryChainStore();
        let number = 0;
        for (const { eventId, event } of events.values())
          await store.add([{ eventId, number: ++number, authEventIds: event.auth_events }]);
        const stateSets = claimedStates(events, claimed);
        const split = splitState(stateSets);
        const difference = await indexedAuthDifference(stateSets, split, store);
        const subgraph = await indexedSubgraph(split.conflicted, store);
        if (difference.outcome !== 'found' || subgraph.outcome !== 'found') throw new Error('an event has no place');
        const indexed = resolveState({
          rules: history.rules,
          stateSets,
          eventOf: (id) => events.get(id),
          authDifference: difference.eventIds,
          conflictedSubgraph: subgraph.eventIds,
        });
        if (indexed.outcome !== 'resolved') throw new Error('an event is missing');
        expect(textOf(indexed.state)).toBe(textOf(resolveWith(history.rules)(stateSets, events)));
      }),
      { numRuns: 100 },
    );
  });

  test('leaves out what rests on unknown events or on itself, and names the unknown', async () => {
    const store = new MemoryChainStore();
    const event = (eventId: string, number: number, ...authEventIds: string[]): UnplacedEvent => ({
      eventId,
      number,
      authEventIds,
    });
    const { missing, places } = await store.add([
      event('$a', 1),
      event('$b', 2, '$a', '$x'),
      event('$c', 3, '$b'),
      event('$d', 4, '$e'),
      event('$e', 5, '$d'),
      event('$f', 6, '$a'),
    ]);
    expect([...missing]).toEqual(['$x']);
    expect([...places.keys()]).toEqual(['$a', '$f']);
    const states: StateMap[] = [new Map([['key', '$c']]), new Map([['key', '$f']])];
    expect(await indexedAuthDifference(states, splitState(states), store)).toEqual({
      outcome: 'missing',
      eventIds: ['$c'],
    });
  });

  test('keeps no link that the chain has already', async () => {
    const store = new MemoryChainStore();
    await store.add([
      { eventId: '$levels', number: 1, authEventIds: [] },
      { eventId: '$other', number: 2, authEventIds: [] },
    ]);
    await store.add([{ eventId: '$m0', number: 3, authEventIds: ['$other', '$levels'] }]);
    for (let at = 1; at < 100; at++) {
      const replaces = `$m${at - 1}`;
      await store.add([
        { eventId: `$m${at}`, number: 3 + at, authEventIds: ['$levels', '$other', replaces], replaces },
      ]);
    }
    expect(store.links).toHaveLength(1);
    expect(store.chainCount).toBe(2);
  });
});

/** Disk that a link takes with its share of the index; see storage/tables/auth-chains.ts. */
const bytesPerLink = 130;
const bytesMax = 50_000_000;
/** Growth of CPU time with four times the events: far from 4, and farther from 16. Below so many seconds it says nothing. */
const cpuGrowthMax = 10;
const cpuSecondsMin = 0.1;

async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000_000;
}

const small = 25_000;
const large = 100_000;
/** Rooms made to hurt: what each event cites. */
const hostileRooms: [string, (at: number) => readonly number[]][] = [
  ['one chain', (at) => (at === 0 ? [] : [at - 1])],
  ['100,000 forks of one event', (at) => (at === 0 ? [] : [0])],
  ['a string of chains of two', (at) => (at === 0 ? [] : at % 2 === 0 ? [at - 1] : [Math.max(0, at - 2)])],
  ['a comb: each cites the last and a far one', (at) => (at === 0 ? [] : [at - 1, Math.floor(at / 2)])],
  ['two chains that cite each other at each step', (at) => (at < 2 ? [] : [at - 2, at - 1])],
  [
    'a hundred chains that cite each other',
    (at) => (at < 100 ? [] : [at - 100, at - 99, at - 57, at - 31, at - 13, at - 7]),
  ],
  ['a tree', (at) => (at === 0 ? [] : [Math.floor((at - 1) / 2)])],
  [
    'forks that cite ten others',
    (at) => Array.from({ length: Math.min(at, 10) }, (_, back) => (at * 7919 + back * 104_729) % at),
  ],
];

/** CPU seconds of placing all events of a room and of comparing three states in it. */
async function measure(name: string, cites: (at: number) => readonly number[], size: number) {
  const store = new MemoryChainStore();
  const events = Array.from({ length: size }, (_, at): UnplacedEvent => {
    return { eventId: `$${at}`, number: at + 1, authEventIds: cites(at).map((number) => `$${number}`) };
  });
  const placed = await cpuOf(async () => {
    for (let at = 0; at < size; at += 500) await store.add(events.slice(at, at + 500));
  });
  const states: StateMap[] = [size - 1, size - 2, Math.floor(size / 3)].map(
    (number) => new Map([['key', `$${number}`]]),
  );
  store.queries = 0;
  let found = 0;
  const compared = await cpuOf(async () => {
    const split = splitState(states);
    const answers = [await indexedAuthDifference(states, split, store), await indexedSubgraph(split.conflicted, store)];
    for (const answer of answers) if (answer.outcome === 'found') found += answer.eventIds.size;
  });
  const cited = events.reduce((sum, { authEventIds }) => sum + authEventIds.length, 0);
  process.stderr.write(
    `auth chains: ${name}, ${size} events: ${store.chainCount} chains, ${store.links.length} links, placed in ` +
      `${placed.toFixed(2)} s, compared in ${compared.toFixed(2)} s with ${store.queries} queries, ${found} events\n`,
  );
  return { seconds: placed + compared, queries: store.queries, links: store.links.length, cited };
}

// Advisory GHSA-3h7q-rfh9-xm4v: such rooms once took the processor and the disk of a server.
describe.each(hostileRooms)('a room of 100,000 events that is %s', (name, cites) => {
  test('costs in proportion to its events, and so do differences in it', async () => {
    const few = await measure(name, cites, small);
    const many = await measure(name, cites, large);
    expect(many.queries).toBeLessThan(60);
    expect(many.links).toBeLessThanOrEqual(many.cited);
    expect(many.seconds / Math.max(few.seconds, cpuSecondsMin)).toBeLessThan(cpuGrowthMax);
    if (many.cited <= 2 * large) expect(many.links * bytesPerLink).toBeLessThan(bytesMax);
  });
});
