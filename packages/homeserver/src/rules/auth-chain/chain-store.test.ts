// The auth-chain index in the database answers as the one in memory does.

import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../testkit/src/database.ts';
import { assignChains, type UnplacedEvent } from './assign-chains.ts';
import type { ChainLink, ChainStore } from './chain-store.ts';
import { authChainsOf } from '../../storage/tables/auth-chains.ts';
import { MemoryChainStore } from '../../../test/auth-chain/memory-chain-store.ts';

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await testDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

/** Writes what was assigned, as the door will. */
async function write(roomNid: number, events: readonly UnplacedEvent[]): Promise<void> {
  const { places, links } = await assignChains(events, authChainsOf(database.db, roomNid));
  for (const { eventId, number } of events) {
    const place = places.get(eventId);
    await client.query(
      `insert into events (room_nid, event_nid, event_id, order_major, order_minor, type, sender, depth, origin_server_ts, line,
        state_version, auth_chain, auth_chain_seq) values ($1, $2, $3, $2, 0, 'm.room.topic', '@a:s', 1, 1, 0, 0, $4, $5)`,
      [roomNid, number, eventId, place?.chain, place?.seq],
    );
  }
  for (const { fromChain, fromSeq, toChain, toSeq } of links) {
    await client.query(
      'insert into auth_chain_links (room_nid, from_chain, to_chain, from_seq, to_seq) values ($1, $2, $3, $4, $5)',
      [roomNid, fromChain, toChain, fromSeq, toSeq],
    );
  }
}

const graph = fc.array(fc.array(fc.oneof(fc.nat(3), fc.nat(20)), { maxLength: 4 }), { minLength: 5, maxLength: 25 });

describe('the auth-chain index in the database', () => {
  test('answers as the one in memory does', async () => {
    for (const [at, cites] of fc.sample(graph, { numRuns: 8, seed: 3 }).entries()) {
      const roomNid = 100 + at;
      const memory = new MemoryChainStore();
      const events = cites.map((backs, number): UnplacedEvent => {
        const authEventIds =
          number === 0 ? [] : [...new Set(backs.map((back) => `$${Math.max(0, number - 1 - back)}`))];
        return { eventId: `$${number}`, number: number + 1, authEventIds };
      });
      for (let from = 0; from < events.length; from += 4) {
        await memory.add(events.slice(from, from + 4));
        await write(roomNid, events.slice(from, from + 4));
      }
      const stored: ChainStore = authChainsOf(database.db, roomNid);
      const ids = events.map((event) => event.eventId);
      expect(await stored.placesOf([...ids, '$unknown'])).toEqual(await memory.placesOf(ids));
      const chains = [...new Set(Array.from(memory.places.values(), ({ chain }) => chain))];
      expect(await stored.lengthsOf(chains)).toEqual(await memory.lengthsOf(chains));
      const pairs = chains.flatMap((fromChain) => chains.map((toChain) => ({ fromChain, toChain })));
      expect(await stored.highestLinks(pairs)).toEqual(await memory.highestLinks(pairs));
      const text = (links: readonly ChainLink[]) =>
        links.map((link) => `${link.fromChain} ${link.fromSeq} ${link.toChain} ${link.toSeq}`).sort();
      expect(text(await stored.everyLink(1_000))).toEqual(text(memory.links));
      expect(text(await stored.linksFrom(chains.slice(0, 2), 1_000))).toEqual(
        text(await memory.linksFrom(chains.slice(0, 2), 1_000)),
      );
      const spans = chains.map((chain) => ({ chain, after: 1, upTo: 3 }));
      expect([...(await stored.eventsAt(spans))].sort()).toEqual([...(await memory.eventsAt(spans))].sort());
    }
  });
});
