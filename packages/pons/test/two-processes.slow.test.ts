// Two homeserver processes on one PostgreSQL server: correctness never depends on which of them serves a room.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serverDatabase, type ServerDatabase } from '@pons/testkit/server-database';
import { RecordingAppservice } from '@pons/testkit/recording-appservice';
import { registerUser, request } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { afterAll, beforeAll, expect, test } from 'vitest';

const v3 = '/_matrix/client/v3';
const writers = 16;
const roomCount = 4;
const perWriter = 50;
const dir = mkdtempSync(path.join(tmpdir(), 'pons-two-'));
const appservice = new RecordingAppservice();
const { asToken } = appservice;
const servers: Served[] = [];
let database: ServerDatabase | undefined;

beforeAll(async () => {
  database = await serverDatabase();
  if (database === undefined) return;
  await appservice.start(dir);
  const config = testConfig({
    database: database.url,
    appservices: { files: ['recorder.yaml'] },
    signing_key_file: './signing.key',
  });
  servers.push(await serve({ dir, config, name: 'one' }));
  servers.push(await serve({ dir, config, name: 'two' }));
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.end()));
  await appservice.close();
  await database?.drop();
  rmSync(dir, { recursive: true, force: true });
});

async function writeThrough(
  rooms: readonly string[],
  round: string,
  serverFor: (writer: number, index: number, room: number) => Served,
): Promise<{ ids: string[]; perSecond: number }> {
  const ids: string[] = [];
  const start = performance.now();
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let index = 0; index < perWriter; index++) {
        const room = (writer + index) % rooms.length;
        const { url } = serverFor(writer, index, room);
        const sent = `${v3}/rooms/${encodeURIComponent(rooms[room]!)}/send/m.room.message/${round}-${writer}-${index}`;
        const body = { msgtype: 'm.text', body: `${round} ${writer} ${index}` };
        ids.push((await request<{ event_id: string }>(url, 'PUT', sent, { token: asToken, body })).event_id);
      }
    }),
  );
  return { ids, perSecond: Math.round((ids.length / (performance.now() - start)) * 1000) };
}

test('sixteen writers through two processes on four rooms lose and double nothing, and one forward extremity is left in each room', async ({
  skip,
}) => {
  if (database === undefined) return skip('TEST_DATABASE_URL is not set: needs a PostgreSQL server');
  const [one, two] = servers as [Served, Served];
  const alice = await registerUser(one.url, 'alice');
  const rooms: string[] = [];
  for (let index = 0; index < roomCount; index++) {
    const { room_id: room } = await request<{ room_id: string }>(one.url, 'POST', `${v3}/createRoom`, {
      token: asToken,
      body: { preset: 'public_chat' },
    });
    await request(two.url, 'POST', `${v3}/join/${encodeURIComponent(room)}`, { token: alice.token, body: {} });
    rooms.push(room);
  }
  const runs = {
    single: await writeThrough(rooms, 'single', () => one),
    unrouted: await writeThrough(rooms, 'unrouted', (writer, index) => servers[(writer + index) % 2]!),
    routed: await writeThrough(rooms, 'routed', (_writer, _index, room) => servers[room % 2]!),
  };
  const ids = Object.values(runs).flatMap((run) => run.ids);
  expect(new Set(ids).size).toBe(3 * writers * perWriter);

  await expect
    .poll(() => ids.filter((id) => !appservice.events.has(id)).length, { timeout: 60_000, interval: 200 })
    .toBe(0);
  for (const [id, transactions] of appservice.events) expect([...transactions], id).toHaveLength(1);
  for (const [txnId, hashes] of appservice.attempts)
    expect(new Set(hashes).size, `bytes of transaction ${txnId}`).toBe(1);

  for (const extremities of await database.query<{ extremities: number }>(
    'select cardinality(extremities) as extremities from rooms',
  ))
    expect(extremities.extremities).toBe(1);
  const [gaps] = await database.query<{ doubled: string; beyond: string }>(
    'select count(*) - count(distinct position) as doubled, count(*) filter (where position > (select value from position)) as beyond from events where position is not null',
  );
  expect(gaps).toEqual({ doubled: '0', beyond: '0' });
  expect(servers.map((server) => server.log()).join('')).not.toMatch(/deadlock/i);
  const { single, unrouted, routed } = runs;
  console.warn(
    `one process ${single.perSecond}/s; two unrouted ${unrouted.perSecond}/s (${(unrouted.perSecond / single.perSecond).toFixed(2)} ×); two routed ${routed.perSecond}/s (${(routed.perSecond / single.perSecond).toFixed(2)} ×)`,
  );
});
