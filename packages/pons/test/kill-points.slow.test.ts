// The homeserver kills itself at named places of a send and of a delivery, is started again, and the client repeats what was not
// answered: nothing is lost, nothing is doubled, and what is stored reaches the application service without any new event in the room.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RecordingAppservice } from '@pons/testkit/recording-appservice';
import { registerUser, request, RequestError } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { afterAll, beforeAll, expect, test } from 'vitest';

const v3 = '/_matrix/client/v3';
const dir = mkdtempSync(path.join(tmpdir(), 'pons-kill-points-'));
const config = testConfig({ appservices: { files: ['recorder.yaml'] } });
const appservice = new RecordingAppservice();
const { asToken } = appservice;
let token = '';
let room = '';

beforeAll(async () => {
  await appservice.start(dir);
  const server = await serve({ dir, config });
  token = (await registerUser(server.url, 'alice')).token;
  const { room_id } = await request<{ room_id: string }>(server.url, 'POST', `${v3}/createRoom`, {
    token,
    body: { preset: 'public_chat' },
  });
  room = encodeURIComponent(room_id);
  await request(server.url, 'POST', `${v3}/join/${room}`, { token: asToken, body: {} });
  await server.end();
});
afterAll(async () => {
  await appservice.close();
  rmSync(dir, { recursive: true, force: true });
});

const send = async (server: Served, mark: string) =>
  (
    await request<{ event_id: string }>(server.url, 'PUT', `${v3}/rooms/${room}/send/m.room.message/${mark}`, {
      token,
      body: { msgtype: 'm.text', body: mark },
    })
  ).event_id;

/** Ids of the messages with this text that the room has, and that /sync shows. */
async function found(server: Served, mark: string): Promise<{ history: string[]; sync: string[] }> {
  type Events = { event_id: string; content: { body?: string } }[];
  const ids = (events: Events) => events.filter(({ content }) => content.body === mark).map((event) => event.event_id);
  const page = await request<{ chunk: Events }>(server.url, 'GET', `${v3}/rooms/${room}/messages?dir=b&limit=50`, {
    token,
  });
  const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 50 } } }));
  const synced = await request<{ rooms: { join: Record<string, { timeline: { events: Events } }> } }>(
    server.url,
    'GET',
    `${v3}/sync?filter=${filter}`,
    { token },
  );
  const timeline = synced.rooms.join[decodeURIComponent(room)]?.timeline.events ?? [];
  return { history: ids(page.chunk), sync: ids(timeline) };
}

async function killedAt(failpoint: string, mark: string): Promise<{ answered: string | undefined; next: Served }> {
  const server = await serve({ dir, config, env: { PONS_FAILPOINTS: `${failpoint}=kill@1` } });
  const answered = await send(server, mark).catch(() => undefined);
  await expect.poll(() => isAlive(server.pid), { timeout: 20_000 }).toBe(false);
  return { answered, next: await serve({ dir, config }) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

// Whether the event is there after the restart, before the client repeats its request; undefined: it was answered before the kill.
test.each([
  ['before the commit', 'door.beforeStatement', false],
  ['after the commit, before anybody is told or answered', 'door.afterStatement', true],
  ['after a transaction is frozen, before it is put', 'as.afterFreeze', undefined],
  ['after a transaction is put, before that is recorded', 'as.afterPut', undefined],
])('killed %s (%s): one event, delivered once, in the same bytes each time', async (_, failpoint, isStored) => {
  const mark = `m ${failpoint}`.replaceAll(' ', '-');
  const { answered, next } = await killedAt(failpoint, mark);
  try {
    const after = await found(next, mark);
    if (isStored !== undefined) expect([answered, after.history.length]).toEqual([undefined, isStored ? 1 : 0]);
    else if (answered !== undefined) expect(after.history).toEqual([answered]);
    const wasSeen = async () => appservice.order.some(({ content }) => content['body'] === mark);
    // What is stored is delivered by itself: nothing new is said in the room.
    if (after.history.length > 0) await expect.poll(wasSeen, { timeout: 30_000 }).toBe(true);
    const id = await send(next, mark);
    if (after.history.length > 0) expect(after.history).toEqual([id]);
    expect(await found(next, mark)).toEqual({ history: [id], sync: [id] });
    await expect.poll(wasSeen, { timeout: 30_000 }).toBe(true);
    expect(appservice.order.filter(({ content }) => content['body'] === mark)).toHaveLength(1);
    expect([...(appservice.events.get(id) ?? [])]).toHaveLength(1);
    for (const [txnId, hashes] of appservice.attempts) expect(new Set(hashes).size, txnId).toBe(1);
  } finally {
    await next.end();
  }
});

test('stopped under load: what was begun is answered, the end comes within ten seconds, and what was not answered can be repeated', async () => {
  const server = await serve({ dir, config });
  const answered = new Map<string, string>();
  const asked: string[] = [];
  const failures: unknown[] = [];
  let stopping = false;
  const write = async (writer: number) => {
    for (let index = 0; !stopping; index += 1) {
      const mark = `stop-${writer}-${index}`;
      asked.push(mark);
      try {
        answered.set(mark, await send(server, mark));
      } catch (error) {
        if (error instanceof RequestError) failures.push(error.message);
        return;
      }
    }
  };
  const load = Array.from({ length: 100 }, (_, writer) => write(writer));
  await new Promise((resolve) => setTimeout(resolve, 500));
  const started = performance.now();
  const exit = server.end('SIGTERM');
  await Promise.all(load);
  stopping = true;
  expect(await exit).toBe(0);
  expect(performance.now() - started).toBeLessThan(10_000);
  expect(failures).toEqual([]);
  const next = await serve({ dir, config });
  try {
    for (const mark of asked) {
      const id = await send(next, mark);
      if (answered.has(mark)) expect(answered.get(mark)).toBe(id);
      answered.set(mark, id);
    }
    const missing = () => [...answered.values()].filter((id) => !appservice.events.has(id)).length;
    await expect.poll(missing, { timeout: 30_000 }).toBe(0);
    for (const [id, transactions] of appservice.events) expect([...transactions], id).toHaveLength(1);
  } finally {
    await next.end();
  }
});
