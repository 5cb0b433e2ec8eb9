// A room made to hurt, for bench/core.ts: forks of one event without end (advisory GHSA-3h7q-rfh9-xm4v). Its auth-chain index alone, laid by
// our code and written as the door writes it, and all of it received through the lane.
// https://github.com/element-hq/synapse/security/advisories/GHSA-3h7q-rfh9-xm4v
import type pg from 'pg';
import { type JsonObject, roomVersionRules } from '@pons/spec';
import { roomIdOf } from '@pons/spec/crypto';
import type { RoomLanes } from '../packages/homeserver/src/rooms/lanes.ts';
import { assignChains, type UnplacedEvent } from '../packages/homeserver/src/rules/auth-chain/assign-chains.ts';
import {
  indexedAuthDifference,
  indexedSubgraph,
} from '../packages/homeserver/src/rules/auth-chain/indexed-difference.ts';
import { splitState } from '../packages/homeserver/src/rules/state-resolution/conflicted-state.ts';
import type { Database } from '../packages/homeserver/src/storage/database.ts';
import { authChainsOf } from '../packages/homeserver/src/storage/tables/auth-chains.ts';
import { checkedRemote, remoteEvent } from '../packages/testkit/src/remote-servers.ts';

/** What it works with; `cpuOf` tells milliseconds. */
export interface ForkBench {
  readonly db: Database;
  readonly client: pg.Client;
  readonly lanes: RoomLanes;
  readonly log: (text: string) => void;
  readonly cpuOf: (work: () => Promise<unknown>) => Promise<number>;
}

const forks = 100_000;
/** Events that are placed together: as many as a part takes. */
const lot = 50;
const indexRoom = 1;
/** Lots that are under way to the lane. */
const lotsAtOnce = 10;
const mallory = '@mallory:m';

/** CPU of the index of 100,000 forks of one event, questions about it included, milliseconds; and its disk, in MB. */
export async function indexForks({ db, client, cpuOf, log }: ForkBench): Promise<{ cpuMs: number; diskMb: number }> {
  const store = authChainsOf(db, indexRoom);
  const before = await indexBytes(client);
  const cpuMs = await cpuOf(async () => {
    for (let from = 0; from < forks; from += lot) {
      const events = Array.from({ length: lot }, (_, at): UnplacedEvent => {
        const number = from + at + 1;
        return { eventId: `$${number}`, number, authEventIds: number === 1 ? [] : ['$1'] };
      });
      const { places, links } = await assignChains(events, store);
      await db.query({ name: 'bench.places', text: writePlaces }, [
        indexRoom,
        events.map(({ number }) => number),
        events.map(({ eventId }) => eventId),
        events.map(({ eventId }) => places.get(eventId)?.chain ?? null),
        events.map(({ eventId }) => places.get(eventId)?.seq ?? null),
      ]);
      await db.query({ name: 'bench.links', text: writeLinks }, [
        indexRoom,
        links.map(({ fromChain }) => fromChain),
        links.map(({ toChain }) => toChain),
        links.map(({ fromSeq }) => fromSeq),
        links.map(({ toSeq }) => toSeq),
      ]);
    }
    for (let at = 1; at < 100; at += 1) {
      const states = [at, forks - at, forks >> 1].map((number) => new Map([['key', `$${number}`]]));
      const split = splitState(states);
      const answers = [
        await indexedAuthDifference(states, split, store),
        await indexedSubgraph(split.conflicted, store),
      ];
      if (answers.some(({ outcome }) => outcome !== 'found')) throw new Error('the index does not answer');
    }
  });
  const diskMb = ((await indexBytes(client)) - before) / 1_048_576;
  log(`auth-chain index of ${forks} forks: ${cpuMs.toFixed(0)} ms CPU, ${diskMb.toFixed(1)} MB`);
  return { cpuMs, diskMb };
}

const writePlaces = `insert into events (room_nid, event_nid, event_id, order_major, order_minor, type, sender, depth, origin_server_ts, line,
    state_version, auth_chain, auth_chain_seq)
  select $1, number, id, number, 0, 'm.fork', '@a:s', 1, 1, 0, 0, chain, seq
  from unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[]) as e (number, id, chain, seq)`;
const writeLinks = `insert into auth_chain_links (room_nid, from_chain, to_chain, from_seq, to_seq)
  select $1, * from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])`;

/** The index alone: its links, and the index of places. The places stand in the rows of the events, 16 bytes each. */
async function indexBytes(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(
    `select pg_total_relation_size('auth_chain_links') + pg_relation_size('events_by_auth_chain')
      + 16 * (select count(*) from events where auth_chain is not null) as bytes`,
  );
  return Number(rows[0]?.bytes);
}

/** Receives forks of one event. CPU milliseconds and bytes on disk of each, their texts apart. */
export async function receiveForks(
  { client, lanes, cpuOf, log }: ForkBench,
  count: number,
): Promise<{ cpuMs: number; bytes: number }> {
  const rules = roomVersionRules('12');
  if (rules === undefined) throw new Error('no room version 12');
  const made = (roomId: string, draft: JsonObject) => {
    const own = { ...draft, sender: mallory, ...(roomId === '' ? {} : { room_id: roomId }) };
    const { pdu, eventId } = remoteEvent(own as never, rules, 'm');
    const event = structuredClone(pdu) as unknown as JsonObject;
    return { pdu, eventId, checked: (id: string) => checkedRemote(event, id, rules) };
  };
  const at = (depth: number, after: readonly string[]) => ({
    depth,
    origin_server_ts: depth,
    prev_events: [...after],
    auth_events: depth < 3 ? [] : [...after],
  });
  const content = { room_version: '12' };
  const create = made('', { ...at(1, []), type: 'm.room.create', state_key: '', content });
  const roomId = roomIdOf(create.pdu, rules) ?? '';
  await lanes.adopt(roomId, create.checked(roomId));
  const membership = { membership: 'join' };
  const join = made(roomId, {
    ...at(2, [create.eventId]),
    type: 'm.room.member',
    state_key: mallory,
    content: membership,
  });
  await lanes.receive(roomId, { checked: join.checked(roomId) });
  const before = await forkBytes(client);
  let cpuMs = 0;
  const step = lot * lotsAtOnce;
  for (let done = 0; done < count; done += step) {
    const checked = Array.from({ length: Math.min(step, count - done) }, (_, index) => {
      const key = done + index;
      const fork = { type: 'org.example.state', state_key: `${key}`, content: { key } };
      return made(roomId, { ...at(3 + key, [join.eventId]), ...fork }).checked(roomId);
    });
    cpuMs += await cpuOf(async () => {
      const outcomes = await Promise.all(checked.map((each) => lanes.receive(roomId, { checked: each })));
      if (outcomes.some(({ outcome }) => outcome === 'dropped' || outcome === 'missing')) throw new Error('not stored');
    });
  }
  const bytes = ((await forkBytes(client)) - before) / count;
  log(`${count} forks received: ${(cpuMs / count).toFixed(3)} ms CPU and ${bytes.toFixed(0)} bytes each`);
  return { cpuMs: cpuMs / count, bytes };
}

async function forkBytes(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>(
    `select sum(pg_total_relation_size(c)) as bytes
      from unnest(array['events', 'event_auth', 'room_state', 'state_lines', 'auth_chain_links']::regclass[]) as c`,
  );
  return Number(rows[0]?.bytes);
}
