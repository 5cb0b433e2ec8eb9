// Two homeserver processes on one PostgreSQL server: what one has done the other knows at once, and when one is killed, or sleeps and
// wakes up after another has taken over its work, application services still get each event once.
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RecordingAppservice } from '@pons/testkit/recording-appservice';
import { registerUser, request, RequestError } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { serverDatabase, type ServerDatabase } from '@pons/testkit/server-database';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const v3 = '/_matrix/client/v3';
const isThere = process.env['TEST_DATABASE_URL'] !== undefined;
const dir = mkdtempSync(path.join(tmpdir(), 'pons-two-faults-'));
const appservice = new RecordingAppservice();
const asToken = randomBytes(32).toString('hex');
let config: Record<string, unknown>;
let database: ServerDatabase | undefined;
let one: Served;
let two: Served;

const registrationOf = (id: string, token: string) => ({
  id,
  url: `http://127.0.0.1:${appservice.port}`,
  as_token: token,
  hs_token: randomBytes(32).toString('hex'),
  sender_localpart: id,
  rate_limited: false,
  namespaces: { users: [{ exclusive: true, regex: `@${id}_.*` }], rooms: [], aliases: [] },
});

beforeAll(async () => {
  database = await serverDatabase();
  if (database === undefined) return;
  await appservice.listen();
  mkdirSync(path.join(dir, 'appservices'));
  writeFileSync(path.join(dir, 'recorder.yaml'), JSON.stringify(registrationOf('recorder', asToken)));
  config = testConfig({
    database: database.url,
    appservices: { files: ['recorder.yaml'], folder: './appservices' },
    signing_key_file: './signing.key',
  });
  // The first takes the lease of the application service.
  one = await serve({ dir, config, name: 'one' });
  two = await serve({ dir, config, name: 'two' });
});
afterAll(async () => {
  await Promise.all([one?.end(), two?.end()]);
  await appservice.close();
  await database?.drop();
  rmSync(dir, { recursive: true, force: true });
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function makeRoom(server: Served, token: string): Promise<string> {
  const { room_id } = await request<{ room_id: string }>(server.url, 'POST', `${v3}/createRoom`, {
    token,
    body: { preset: 'public_chat' },
  });
  return encodeURIComponent(room_id);
}

let sent = 0;
async function say(server: Served, room: string, token: string): Promise<string> {
  const mark = `m${(sent += 1)}`;
  const answer = await request<{ event_id: string }>(
    server.url,
    'PUT',
    `${v3}/rooms/${room}/send/m.room.message/${mark}`,
    {
      token,
      body: { msgtype: 'm.text', body: mark },
    },
  );
  return answer.event_id;
}

async function refusal(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'allowed',
    (error: unknown) => (error instanceof RequestError ? error.errcode : String(error)),
  );
}

async function delivered(ids: readonly string[], withinMs: number): Promise<number> {
  const start = performance.now();
  const missing = () => ids.filter((id) => !appservice.events.has(id)).length;
  await expect.poll(missing, { timeout: withinMs, interval: 50 }).toBe(0);
  return Math.round(performance.now() - start);
}

function eachOnce(): void {
  for (const [id, transactions] of appservice.events) expect([...transactions], id).toHaveLength(1);
  for (const [txnId, hashes] of appservice.attempts) expect(new Set(hashes).size, txnId).toBe(1);
}

describe.skipIf(!isThere)('two processes (skipped without TEST_DATABASE_URL)', () => {
  test('who joins through one speaks through the other at once, and who is banned through one is silent in the other', async () => {
    const alice = await registerUser(one.url, 'alice');
    const room = await makeRoom(one, alice.token);
    await say(two, room, alice.token); // both have the room in memory
    for (let index = 0; index < 10; index += 1) {
      const user = await registerUser(one.url, `user${index}`);
      await request(one.url, 'POST', `${v3}/join/${room}`, { token: user.token, body: {} });
      await say(two, room, user.token);
      const body = { user_id: user.userId };
      await request(one.url, 'POST', `${v3}/rooms/${room}/ban`, { token: alice.token, body });
      expect(await refusal(say(two, room, user.token))).toBe('M_FORBIDDEN');
    }
    const members = await request<{ joined: object }>(two.url, 'GET', `${v3}/rooms/${room}/joined_members`, {
      token: alice.token,
    });
    expect(Object.keys(members.joined)).toHaveLength(1);
    const [row] = await database!.query<{ joined: number }>(
      `select joined from rooms where room_id = '${decodeURIComponent(room)}'`,
    );
    expect(row?.joined).toBe(1);
  });

  test('a token that is revoked through one is dead in the other within a second', async () => {
    const { token } = await registerUser(one.url, 'carol');
    const whoami = () => request(two.url, 'GET', `${v3}/account/whoami`, { token });
    await whoami();
    await request(one.url, 'POST', `${v3}/logout`, { token, body: {} });
    const revoked = performance.now();
    while ((await refusal(whoami())) === 'allowed') {
      expect(performance.now() - revoked).toBeLessThan(1_000);
      await pause(20);
    }
    console.warn(`revoked everywhere after ${Math.round(performance.now() - revoked)} ms`);
    expect(await refusal(whoami())).toBe('M_UNKNOWN_TOKEN');
  });

  test('a registration that is put into the folder is known to both', async () => {
    const token = randomBytes(32).toString('hex');
    writeFileSync(path.join(dir, 'appservices/late.yaml'), JSON.stringify(registrationOf('late', token)));
    for (const { url } of [one, two]) {
      const whoami = () => refusal(request(url, 'GET', `${v3}/account/whoami`, { token }));
      await expect.poll(whoami, { timeout: 60_000 }).toBe('allowed');
    }
  });

  test('a process that sleeps for twenty seconds and wakes up after the other has taken over doubles and loses nothing', async () => {
    const room = await makeRoom(two, asToken);
    const ids: string[] = [];
    let writing = true;
    const write = async (server: () => Served) => {
      while (writing) {
        ids.push(await say(server(), room, asToken));
        await pause(5);
      }
    };
    let other = one;
    const load = [write(() => two), write(() => two), write(() => other)];
    await pause(1_000);
    other = two;
    await pause(100); // what the one that falls asleep was asked is answered
    process.kill(one.pid, 'SIGSTOP');
    const before = ids.length;
    // The sleeper keeps its locks until PostgreSQL gives up its connection; a network that is gone takes half a minute, so it is ended.
    await database!.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
       and database = (select oid from pg_database where datname = current_database())`,
    );
    await expect.poll(() => ids.length).toBeGreaterThan(before + 20);
    console.warn(`taken over after ${await delivered(ids.slice(before, before + 20), 15_000)} ms`);
    await pause(20_000);
    process.kill(one.pid, 'SIGCONT');
    other = one;
    await pause(2_000);
    writing = false;
    await Promise.all(load);
    await delivered(ids, 30_000);
    // Whichever has the lease now, it goes on.
    for (const server of [one, two]) await delivered([await say(server, room, asToken)], 15_000);
    eachOnce();
  });

  test('when the one that sends is killed the other goes on within seconds', async () => {
    const room = await makeRoom(one, asToken);
    await delivered([await say(one, room, asToken)], 15_000);
    const [dying, living] = (await sends(one, 'recorder')) ? [one, two] : [two, one];
    expect(await sends(living, 'recorder')).toBe(false);
    await dying.end('SIGKILL');
    const ids = [await say(living, room, asToken), await say(living, room, asToken)];
    console.warn(`the lease was taken over and used after ${await delivered(ids, 15_000)} ms`);
    eachOnce();
    if (dying === one) one = await serve({ dir, config, name: 'one' });
    else two = await serve({ dir, config, name: 'two' });
  });
});

/** Whether this process sends for the application service. */
async function sends(server: Served, id: string): Promise<boolean> {
  const { token, userId } = await registerUser(server.url, `admin${randomBytes(4).toString('hex')}`);
  await database!.query(`update users set admin = true where user_id = '${userId}'`);
  const path = `/_pons/admin/v1/appservices/${id}`;
  return (await request<{ status: string }>(server.url, 'GET', path, { token })).status !== 'elsewhere';
}
