// The large figures: 100,000 events of history in one room, and a netjoin of 5,000 ghosts, in bulk and by ordinary requests. What is
// asserted are counts and what a look-up reads, never time.
import { request } from '@pons/testkit/requests';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RegistryHouse, registryHouse, v3 } from './registry-house.ts';
import { checkDatabase } from '../../src/storage/check.ts';

const enc = encodeURIComponent;
const events = 100_000;
const perBatch = 1_000;
const ghosts = 5_000;
/** Ghosts that speak in the history. */
const speakers = 20;
/** Requests at once, as a bridge makes them. */
const width = 200;
const newest = 1_600_000_000_000;
let house: RegistryHouse;

beforeAll(async () => {
  house = await registryHouse({ registrations: { irc: {} } });
});
afterAll(() => house.stop());

const as = <T = Record<string, unknown>>(method: string, path: string, body?: unknown) =>
  request<T>(house.base, method, path, {
    token: 'as-irc',
    timeoutMs: 120_000,
    ...(body === undefined ? {} : { body }),
  });
const newRoom = async () =>
  (await as<{ room_id: string }>('POST', `${v3}/createRoom`, { preset: 'public_chat' })).room_id;
const ghost = (index: number) => `@_irc_g${index}:localhost`;
async function one<Row extends object>(text: string, ...values: string[]): Promise<Row | undefined> {
  return (await house.database.db.query<Row>({ name: `imports.${text}`.slice(0, 60), text }, values))[0];
}

it('100,000 events of history leave one end of the room, read in order, and are found by time without reading the room', async () => {
  const roomId = await newRoom();
  await as('POST', '/_pons/client/v1/appservice/ghosts', {
    ghosts: Array.from({ length: speakers }, (_, index) => ({ user_id: ghost(index) })),
  });
  await as('PUT', `${v3}/rooms/${enc(roomId)}/send/m.room.message/1`, { msgtype: 'm.text', body: 'now' });
  // From the newest to the oldest, as bridges go back in time; each batch itself the oldest first.
  const batch = (number: number) =>
    Array.from({ length: perBatch }, (_, index) => {
      const age = number * perBatch + (perBatch - index);
      return {
        type: 'm.room.message',
        sender: ghost(age % speakers),
        origin_server_ts: newest - age * 1_000,
        event_id: `$${age}:remote`,
        content: { msgtype: 'm.text', body: String(age) },
      };
    });
  const send = (number: number) =>
    as<{ event_ids: string[] }>(
      'POST',
      `/_matrix/client/unstable/com.beeper.backfill/rooms/${enc(roomId)}/batch_send`,
      { forward: false, forward_if_no_messages: true, send_notification: false, events: batch(number) },
    );
  const first: string[][] = [];
  for (let number = 0; number < events / perBatch; number += 1) first.push((await send(number)).event_ids);
  const counted = `select count(*)::int as events, count(distinct line)::int as lines from events join rooms using (room_nid) where room_id = $1`;
  const before = await one(counted, roomId);
  for (const number of [0, 57, events / perBatch - 1]) expect((await send(number)).event_ids).toEqual(first[number]);
  expect(await one(counted, roomId)).toEqual(before);
  expect(before).toMatchObject({ lines: 2 });
  const room = await one<{ ends: number; lines: number }>(
    `select cardinality(extremities) as ends, next_line as lines from rooms where room_id = $1`,
    roomId,
  );
  expect(room).toEqual({ ends: 1, lines: 2 });

  const bodies: string[] = [];
  for (let from: string | undefined = ''; from !== undefined; ) {
    const page: { chunk: { type: string; content: { body?: string } }[]; end?: string } = await as(
      'GET',
      `${v3}/rooms/${enc(roomId)}/messages?dir=b&limit=1000${from === '' ? '' : `&from=${from}`}`,
    );
    bodies.push(...page.chunk.flatMap(({ type, content }) => (type === 'm.room.message' ? (content.body ?? []) : [])));
    from = page.end;
  }
  expect(bodies).toEqual(['now', ...Array.from({ length: events }, (_, index) => String(index + 1))]);

  const age = 77_777;
  const found = await as<{ event_id: string }>(
    'GET',
    `/_matrix/client/v1/rooms/${enc(roomId)}/timestamp_to_event?dir=f&ts=${newest - age * 1_000 - 1}`,
  );
  expect(found.event_id).toBe(first[Math.floor((age - 1) / perBatch)]?.[perBatch - 1 - ((age - 1) % perBatch)]);
  const room_nid = (await one<{ nid: string }>('select room_nid::text as nid from rooms where room_id = $1', roomId))
    ?.nid;
  const plan = await one<{ 'QUERY PLAN': { Plan: { 'Shared Hit Blocks': number; 'Shared Read Blocks': number } }[] }>(
    `explain (analyze, buffers, format json) select event_id from events where room_nid = ${room_nid} and position is not null
      and origin_server_ts = (select max(t.origin_server_ts) from events t
        where t.room_nid = ${room_nid} and t.position is not null and t.origin_server_ts <= ${newest - age * 1_000})
      order by order_major desc, order_minor desc limit 1`,
  );
  const read = plan?.['QUERY PLAN'][0]?.Plan;
  expect((read?.['Shared Hit Blocks'] ?? 0) + (read?.['Shared Read Blocks'] ?? 0)).toBeLessThan(50);
});

const members = `select joined, version from rooms where room_id = $1`;

it('5,000 ghosts come in by one request, in ten commits', async () => {
  const roomId = await newRoom();
  const before = await one<{ version: number }>(members, roomId);
  const body = {
    ghosts: Array.from({ length: ghosts }, (_, index) => ({
      localpart: `_irc_bulk${index}`,
      displayname: `Ghost ${index}`,
      rooms: [roomId],
    })),
  };
  const answer = await as('POST', '/_pons/client/v1/appservice/ghosts', body);
  expect(answer).toEqual({ registered: ghosts, named: ghosts, joined: ghosts, errors: [] });
  expect(await one(members, roomId)).toEqual({ joined: ghosts + 1, version: (before?.version ?? 0) + 10 });
  expect(await as('POST', '/_pons/client/v1/appservice/ghosts', body)).toMatchObject({ registered: 0, joined: 0 });
});

it('5,000 ghosts that join by ordinary requests share commits', async () => {
  const roomId = await newRoom();
  const before = await one<{ version: number }>(members, roomId);
  let next = 0;
  const worker = async () => {
    for (let index = (next += 1); index <= ghosts; index = next += 1) {
      await as('POST', `${v3}/join/${enc(roomId)}?user_id=${enc(`@_irc_bulk${index - 1}:localhost`)}`, {});
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  const after = await one<{ joined: number; version: number }>(members, roomId);
  expect(after?.joined).toBe(ghosts + 1);
  expect((after?.version ?? 0) - (before?.version ?? 0)).toBeLessThan(ghosts / 4);
});

it('leaves tables that agree with one another', async () => {
  expect(await checkDatabase(house.database.url)).toEqual([]);
});
