// The database is taken away in the middle of load: its server stops at once, one of its processes is killed, connections are ended.
// Requests wait or are answered 503 and nothing else; what was answered is there once, in the room and at the application service;
// and within five seconds of the database's return the homeserver writes again, without a restart of its own.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RecordingAppservice } from '@pons/testkit/recording-appservice';
import { registerUser, request, RequestError } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { serverDatabase } from '@pons/testkit/server-database';
import { afterEach, beforeEach, expect, test } from 'vitest';

const v3 = '/_matrix/client/v3';
const writers = 8;
const roomCount = 3;
const recoveredWithinMs = 5_000;
const asToken = randomBytes(32).toString('hex');
let dir = '';
let appservice: RecordingAppservice;
let servers: Served[] = [];

beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'pons-database-faults-'));
  appservice = new RecordingAppservice();
  const registration = {
    id: 'recorder',
    url: `http://127.0.0.1:${await appservice.listen()}`,
    as_token: asToken,
    hs_token: randomBytes(32).toString('hex'),
    sender_localpart: 'recorder',
    rate_limited: false,
    namespaces: { users: [{ exclusive: true, regex: '@rec_.*' }], rooms: [], aliases: [] },
  };
  writeFileSync(path.join(dir, 'recorder.yaml'), JSON.stringify(registration));
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.end()));
  servers = [];
  await appservice.close();
  rmSync(dir, { recursive: true, force: true });
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Writers that send and read through all servers and repeat what was not answered, with the same transaction id. */
class Load {
  readonly answered = new Map<string, { readonly room: string; readonly id: string }>();
  /** How often each status other than 200 was answered. */
  readonly refusals = new Map<string, number>();
  readonly #counts = Array.from({ length: writers }, () => 0);
  readonly #rooms: readonly string[];
  readonly #token: string;
  #stopped = false;
  #running: Promise<unknown> = Promise.resolve();
  #failure: unknown;
  constructor(rooms: readonly string[], token: string) {
    this.#rooms = rooms;
    this.#token = token;
  }
  start(): void {
    this.#running = Promise.all(Array.from({ length: writers }, (_, writer) => this.#write(writer)));
    this.#running.catch((error: unknown) => (this.#failure = error));
  }
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
  /** Waits until every writer was answered anew. @returns after how many milliseconds */
  async untilAllWriteAgain(): Promise<number> {
    const start = performance.now();
    const marks = Array.from({ length: writers }, (_, writer) => this.#count(writer));
    while (marks.some((before, writer) => this.#count(writer) <= before + 1)) {
      if (this.#failure !== undefined) throw this.#failure;
      if (performance.now() - start > 60_000)
        throw new Error(`not all write again: ${JSON.stringify([...this.refusals])}`);
      await pause(20);
    }
    return performance.now() - start;
  }

  #count(writer: number): number {
    return this.#counts[writer] ?? 0;
  }

  async #write(writer: number): Promise<void> {
    for (let index = 0; !this.#stopped; index += 1) {
      const room = this.#rooms[(writer + index) % this.#rooms.length]!;
      const mark = `w${writer}-${index}`;
      const sent = `/rooms/${encodeURIComponent(room)}/send/m.room.message/${mark}`;
      const body = { msgtype: 'm.text', body: mark };
      const { event_id: id } = await this.#repeat<{ event_id: string }>(index, 'PUT', sent, body);
      this.answered.set(mark, { room, id });
      this.#counts[writer] = index + 1;
      if (index % 5 === 0)
        await this.#repeat(index, 'GET', `/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=3`);
    }
  }

  async #repeat<T>(index: number, method: string, what: string, body?: unknown): Promise<T> {
    for (;;) {
      const server = servers[index % servers.length]!;
      try {
        return await request<T>(server.url, method, `${v3}${what}`, { token: this.#token, body, timeoutMs: 60_000 });
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        this.refusals.set(error.message, (this.refusals.get(error.message) ?? 0) + 1);
        if (error.status !== 503) throw error;
        await pause(50);
      }
    }
  }
}

async function startLoad(): Promise<{ load: Load; token: string; rooms: string[] }> {
  const [server] = servers;
  const { token } = await registerUser(server!.url, 'alice');
  const rooms: string[] = [];
  for (let index = 0; index < roomCount; index += 1) {
    const created = await request<{ room_id: string }>(server!.url, 'POST', `${v3}/createRoom`, {
      token,
      body: { preset: 'public_chat' },
    });
    const join = `${v3}/join/${encodeURIComponent(created.room_id)}`;
    await request(server!.url, 'POST', join, { token: asToken, body: {} });
    rooms.push(created.room_id);
  }
  const load = new Load(rooms, token);
  load.start();
  await load.untilAllWriteAgain();
  return { load, token, rooms };
}

async function nothingLostOrDoubled(load: Load, rooms: readonly string[], token: string): Promise<void> {
  for (const room of rooms) {
    const stored = await history(room, token);
    const expected = [...load.answered].filter(([, sent]) => sent.room === room);
    expect(stored.map(({ body }) => body).toSorted()).toEqual(expected.map(([mark]) => mark).toSorted());
    for (const { body, id } of stored) expect(load.answered.get(body)?.id, body).toBe(id);
  }
  const ids = [...load.answered.values()].map((sent) => sent.id);
  const missing = () => ids.filter((id) => !appservice.events.has(id)).length;
  await expect.poll(missing, { timeout: 30_000, interval: 100 }).toBe(0);
  for (const [id, transactions] of appservice.events) expect([...transactions], id).toHaveLength(1);
  for (const [txnId, hashes] of appservice.attempts) expect(new Set(hashes).size, txnId).toBe(1);
}

async function history(room: string, token: string): Promise<{ id: string; body: string }[]> {
  const all: { id: string; body: string }[] = [];
  for (let from = ''; ; ) {
    const page = await request<{ chunk: { event_id: string; content: { body?: string } }[]; end?: string }>(
      servers[0]!.url,
      'GET',
      `${v3}/rooms/${encodeURIComponent(room)}/messages?dir=b&limit=500${from}`,
      { token },
    );
    for (const { event_id: id, content } of page.chunk)
      if (content.body !== undefined) all.push({ id, body: content.body });
    if (page.end === undefined) return all;
    from = `&from=${encodeURIComponent(page.end)}`;
  }
}

test('the embedded PostgreSQL stops at once or loses a process, four times: nothing is lost or doubled, 503 is the only refusal', async () => {
  servers.push(await serve({ dir, config: testConfig({ appservices: { files: ['recorder.yaml'] } }) }));
  const { load, rooms, token } = await startLoad();
  const pidFile = path.join(dir, 'data/postgres/cluster/postmaster.pid');
  // SIGQUIT is what `pg_ctl stop -m immediate` sends.
  for (const signal of ['SIGQUIT', 'SIGKILL', 'SIGQUIT', 'SIGINT'] as const) {
    process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), signal);
    const ms = await load.untilAllWriteAgain();
    console.warn(`${signal}: every writer was answered again after ${Math.round(ms)} ms`);
    expect(ms).toBeLessThan(recoveredWithinMs * 2);
    await pause(300);
  }
  await load.stop();
  console.warn(
    [...load.refusals]
      .map(([what, count]) => `${count} × ${what}`)
      .slice(0, 3)
      .join('\n'),
  );
  await nothingLostOrDoubled(load, rooms, token);
});

test('connections to a PostgreSQL server are ended again and again under two processes: nothing is lost or doubled', async ({
  skip,
}) => {
  const database = await serverDatabase();
  if (database === undefined) return skip('TEST_DATABASE_URL is not set: needs a PostgreSQL server');
  try {
    const config = testConfig({
      database: database.url,
      appservices: { files: ['recorder.yaml'] },
      signing_key_file: './signing.key',
    });
    servers.push(await serve({ dir, config, name: 'one' }), await serve({ dir, config, name: 'two' }));
    const { load, rooms, token } = await startLoad();
    for (let round = 0; round < 10; round += 1) {
      await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      );
      await pause(150);
    }
    expect(await load.untilAllWriteAgain()).toBeLessThan(recoveredWithinMs);
    await load.stop();
    console.warn(`${load.answered.size} answered; refused: ${JSON.stringify([...load.refusals].slice(0, 3))}`);
    await nothingLostOrDoubled(load, rooms, token);
    const loose = await database.query<{ most: number }>('select max(cardinality(extremities)) as most from rooms');
    expect(loose).toEqual([{ most: 1 }]);
  } finally {
    await Promise.all(servers.map((server) => server.end()));
    servers = [];
    await database.drop();
  }
});

test('a locked table holds up those who need it and nobody else, and what waited is answered when it is free', async ({
  skip,
}) => {
  const database = await serverDatabase();
  if (database === undefined) return skip('TEST_DATABASE_URL is not set: needs a PostgreSQL server');
  try {
    const config = testConfig({ database: database.url, appservices: { files: ['recorder.yaml'] } });
    servers.push(await serve({ dir, config }));
    const { load, rooms, token } = await startLoad();
    await database.query('begin');
    await database.query('lock table receipts in access exclusive mode');
    await load.untilAllWriteAgain();
    await database.query('lock table events in access exclusive mode');
    const before = load.answered.size;
    for (let tries = 0; tries < 20; tries += 1) {
      const started = performance.now();
      await request(servers[0]!.url, 'GET', '/_matrix/client/versions');
      await request(servers[0]!.url, 'GET', `${v3}/account/whoami`, { token });
      await request(servers[0]!.url, 'GET', '/health');
      expect(performance.now() - started).toBeLessThan(1_000);
      await pause(100);
    }
    expect(load.answered.size - before).toBeLessThanOrEqual(writers);
    await database.query('rollback');
    expect(await load.untilAllWriteAgain()).toBeLessThan(recoveredWithinMs);
    await load.stop();
    expect([...load.refusals]).toEqual([]);
    await nothingLostOrDoubled(load, rooms, token);
  } finally {
    await Promise.all(servers.map((server) => server.end()));
    servers = [];
    await database.drop();
  }
});
