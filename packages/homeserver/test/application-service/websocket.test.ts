// An application service that connects to us instead of being connected to (`fi.mau.as_sync`), as mautrix does it: a whole homeserver, and
// another on the same database, over real sockets.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppserviceDouble } from '@pons/testkit/appservice';
import { type TestDatabase, testDatabase } from '@pons/testkit/database';
import { registerUser, request, RequestError } from '@pons/testkit/requests';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { configFrom, createHomeserver, type Homeserver, silentLog } from '../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-as-sync-'));
const v3 = '/_matrix/client/v3';
const socketPath = '/_matrix/client/unstable/fi.mau.as_sync';
const direct = new AppserviceDouble();
let database: TestDatabase;
let homeserver: Homeserver;
let base = '';
let alice: Awaited<ReturnType<typeof registerUser>>;
let admin = '';

interface Message {
  readonly command: string;
  readonly id?: number;
  readonly txn_id?: string;
  readonly events?: { readonly content: { readonly body?: string } }[];
  readonly data?: Record<string, unknown>;
}

/** A bridge at its end of a websocket: remembers what it is sent, and answers as it is told to. */
class Bridge {
  readonly texts: string[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #socket: WebSocket;
  acknowledges = true;
  /** What it answers a transaction with instead. */
  refusal: object | undefined;
  /** Answers to wrapped calls by path; undefined: none comes. */
  proxied = (_path: string): unknown => ({ status: 200, headers: {}, body: {} });

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) =>
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
    );
    socket.on('message', (data: Buffer) => this.#receive(data.toString()));
  }

  static async connect(where: string, token: string, headers: Record<string, string> = {}): Promise<Bridge> {
    const socket = new WebSocket(`${where.replace(/^http/, 'ws')}${socketPath}`, {
      headers: { authorization: `Bearer ${token}`, 'x-mautrix-websocket-version': '3', ...headers },
    });
    const bridge = new Bridge(socket);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return bridge;
  }

  get messages(): Message[] {
    return this.texts.map((text) => JSON.parse(text) as Message);
  }
  get transactions(): Message[] {
    return this.messages.filter(({ command }) => command === 'transaction');
  }
  get bodies(): string[] {
    return this.transactions.flatMap(({ events = [] }) => events.flatMap(({ content: { body } }) => body ?? []));
  }

  send(message: object | string): void {
    this.#socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }
  close(): Promise<unknown> {
    this.#socket.close();
    return this.closed;
  }

  #receive(text: string): void {
    this.texts.push(text);
    const { command, id, txn_id, data } = JSON.parse(text) as Message;
    if (command === 'transaction' && this.refusal !== undefined)
      this.send({ command: 'error', id, data: this.refusal });
    else if (command === 'transaction' && this.acknowledges) this.send({ command: 'response', id, data: { txn_id } });
    if (command !== 'http_proxy') return;
    const answer = this.proxied(String(data?.['path']));
    if (answer !== undefined) this.send({ command: 'response', id, data: answer });
  }
}

function registration(id: string, url: string | null): string {
  return JSON.stringify({
    id,
    url,
    as_token: `as-${id}`,
    hs_token: `hs-${id}`,
    sender_localpart: `_${id}_bot`,
    rate_limited: false,
    namespaces: { users: [{ exclusive: true, regex: `@_${id}_.*` }] },
  });
}
const config = (name: string) =>
  configFrom(
    {
      server_name: 'localhost',
      database: database.url,
      data_dir: `./${name}`,
      signing_key_file: './signing.key',
      listeners: [{ bind: '127.0.0.1', port: 0 }],
      appservices: { files: ['nat.yaml', 'both.yaml'], request_timeout_ms: 2_000 },
      accounts: { registration: { mode: 'open', shared_secret: 'secret' }, password_cost: 'low' },
      admin: { users: ['@root:localhost'] },
      rate_limits: 'off',
    },
    folder,
  );
const open: Bridge[] = [];
async function connect(id: string, where = base): Promise<Bridge> {
  const bridge = await Bridge.connect(where, `as-${id}`);
  open.push(bridge);
  return bridge;
}
const until = (condition: () => boolean) => expect.poll(condition).toBe(true);

beforeAll(async () => {
  database = await testDatabase();
  writeFileSync(join(folder, 'nat.yaml'), registration('nat', null));
  writeFileSync(join(folder, 'both.yaml'), registration('both', await direct.listen()));
  homeserver = await createHomeserver(config('first'), { log: silentLog });
  base = (await homeserver.listen())[0]?.url ?? '';
  alice = await registerUser(base, 'alice');
  admin = (await registerUser(base, 'root')).token;
});
afterEach(async () => {
  for (const bridge of open.splice(0)) await bridge.close();
});
afterAll(async () => {
  await homeserver.stop();
  await direct.close();
  await database.drop();
  rmSync(folder, { recursive: true });
});

interface Room {
  readonly roomId: string;
  readonly say: (body: string) => Promise<{ event_id: string }>;
}
async function room(id: string): Promise<Room> {
  const bot = `@_${id}_bot:localhost`;
  const body = { preset: 'private_chat', invite: [bot] };
  const { room_id } = await request<{ room_id: string }>(base, 'POST', `${v3}/createRoom`, {
    token: alice.token,
    body,
  });
  await request(base, 'POST', `${v3}/join/${encodeURIComponent(room_id)}`, { token: `as-${id}`, body: {} });
  let count = 0;
  return {
    roomId: room_id,
    say: (text) =>
      request(base, 'PUT', `${v3}/rooms/${encodeURIComponent(room_id)}/send/m.room.message/${room_id}${(count += 1)}`, {
        token: alice.token,
        body: { msgtype: 'm.text', body: text },
      }),
  };
}
/** Connects, takes what waits, and goes. */
async function visit(id: string, { say }: Room): Promise<void> {
  const bridge = await connect(id);
  await say('during the visit');
  await until(() => bridge.bodies.includes('during the visit'));
  await bridge.close();
}
async function refusal(asking: Promise<unknown>): Promise<string> {
  const error: unknown = await asking.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  return error instanceof RequestError ? `${error.status} ${error.errcode}` : String(error);
}

describe('an application service without a url', () => {
  it('gets its events by websocket, and what happened while it was away when it comes back', async () => {
    const { say } = await room('nat');
    await say('before it ever connected');
    const first = await connect('nat');
    await say('one');
    await until(() => first.bodies.includes('one'));
    expect(first.bodies).toEqual(['before it ever connected', 'one']);
    expect(first.messages[0]).toEqual({ command: 'connect', status: 'ok', data: { status: 'connected' } });
    const shown = () => request(base, 'GET', '/_pons/admin/v1/appservices/nat', { token: admin });
    await expect
      .poll(shown)
      .toMatchObject({ status: 'idle', websocket: true, delivered_events: expect.any(Number) as number });
    expect((await shown())['delivered_events']).toBeGreaterThan(0);
    await first.close();
    await expect.poll(shown).toMatchObject({ status: 'disconnected', websocket: false, queue_depth: 0 });
    for (const text of ['two', 'three', 'four']) await say(text);
    await expect.poll(shown).toMatchObject({
      status: 'disconnected',
      queue_depth: 3,
      oldest_unacknowledged_ms: expect.any(Number) as number,
    });
    const second = await connect('nat');
    await until(() => second.bodies.length >= 3);
    expect(second.bodies).toEqual(['two', 'three', 'four']);
  });

  it('is shown as disconnected or paused, with what waits, and an event is explained so', async () => {
    const its = await room('nat');
    await visit('nat', its);
    const operate = (method: string, below: string) =>
      request(base, method, `/_pons/admin/v1/appservices/nat${below}`, {
        token: admin,
        ...(method === 'POST' ? { body: {} } : {}),
      });
    await expect.poll(() => operate('GET', '')).toMatchObject({ status: 'disconnected' });
    const { event_id: eventId } = await its.say('for later');
    const explained = async () =>
      (await operate('GET', `/explain?room=${encodeURIComponent(its.roomId)}&event=${encodeURIComponent(eventId)}`))[
        'text'
      ];
    const measured = async (name: string) =>
      new RegExp(`^pons_appservice_${name}{appservice="nat"} (.*)$`, 'm').exec(
        await (await fetch(`${base}/metrics`)).text(),
      )?.[1];
    await expect.poll(() => measured('waiting_events')).toBe('1');
    expect(await measured('disconnected')).toBe('1');
    expect(await explained()).toBe('Its turn has not come: the application service is not connected, and has no url.');
    await operate('POST', '/pause');
    expect(await operate('GET', '')).toMatchObject({ status: 'paused', queue_depth: 1 });
    expect(await explained()).toBe('Its turn has not come: the delivery is paused.');
    const back = await connect('nat');
    await operate('POST', '/resume');
    await until(() => back.bodies.includes('for later'));
    await expect.poll(() => measured('disconnected')).toBe('0');
  });

  it('is followed while it is away after a restart too', async () => {
    const its = await room('nat');
    await visit('nat', its);
    await homeserver.stop();
    homeserver = await createHomeserver(config('first'), { log: silentLog });
    base = (await homeserver.listen())[0]?.url ?? '';
    await its.say('while it was away');
    const shown = () => request(base, 'GET', '/_pons/admin/v1/appservices/nat', { token: admin });
    await expect.poll(shown).toMatchObject({ status: 'disconnected', queue_depth: 1 });
    const back = await connect('nat');
    await until(() => back.bodies.includes('while it was away'));
  });

  it('is quoted to operators where it refuses with an error, and sent the same again', async () => {
    const bridge = await connect('nat');
    bridge.refusal = { code: 'FI.MAU.FAILED', message: 'as-nat knows no room' };
    const { say } = await room('nat');
    await say('refused once');
    const shown = () => request(base, 'GET', '/_pons/admin/v1/appservices/nat', { token: admin });
    const last_error = 'answered 500: FI.MAU.FAILED: … knows no room';
    await expect.poll(shown).toMatchObject({ status: 'recovering', last_error });
    bridge.refusal = undefined;
    await until(() => bridge.bodies.includes('refused once') && bridge.transactions.length > 1);
    await expect.poll(shown).toMatchObject({ status: 'idle', retries: 0, last_error });
  });

  it('is sent the same bytes under the same id until it acknowledges them', async () => {
    const silent = await connect('nat');
    silent.acknowledges = false;
    const { say } = await room('nat');
    await say('again');
    await until(() => silent.transactions.length === 1);
    await silent.close();
    const other = await connect('nat');
    await until(() => other.transactions.length >= 1);
    const bytes = (bridge: Bridge) =>
      bridge.texts.find((text) => text.includes('"transaction"'))?.replace(/"id":\d+,/, '');
    expect(bytes(other)).toBe(bytes(silent));
    expect(other.transactions[0]?.txn_id).toBe(silent.transactions[0]?.txn_id);
    await until(() => other.bodies.includes('again'));
    const sent = other.transactions.map(({ txn_id }) => txn_id);
    expect(new Set(sent).size).toBe(sent.length);
  });

  it('is closed on with 4002 when it does not acknowledge in time', async () => {
    const silent = await connect('nat');
    silent.acknowledges = false;
    const { say } = await room('nat');
    await say('are you there');
    expect(await silent.closed).toEqual({
      code: 4002,
      reason: '{"command":"disconnect","status":"transactions_not_acknowledged"}',
    });
    const other = await connect('nat');
    await until(() => other.bodies.includes('are you there'));
  });

  it('has one connection: a second closes the first with 4001 and is sent what was in flight', async () => {
    const first = await connect('nat');
    first.acknowledges = false;
    const { say } = await room('nat');
    await say('to whom');
    await until(() => first.transactions.length === 1);
    const second = await connect('nat');
    expect(await first.closed).toEqual({
      code: 4001,
      reason: '{"command":"disconnect","status":"conn_replaced"}',
    });
    await until(() => second.bodies.includes('to whom'));
    expect(second.transactions[0]?.txn_id).toBe(first.transactions[0]?.txn_id);
  });

  it('answers pings and questions over its websocket, and has no url without one', async () => {
    const ping = () => request(base, 'POST', '/_matrix/client/v1/appservice/nat/ping', { token: 'as-nat', body: {} });
    const profile = () => request(base, 'GET', `${v3}/profile/${encodeURIComponent('@_nat_new:localhost')}`);
    expect(await refusal(ping())).toBe('400 M_URL_NOT_SET');
    expect(await refusal(profile())).toBe('404 M_NOT_FOUND');
    const bridge = await connect('nat');
    expect(await ping()).toEqual({ duration_ms: expect.any(Number) as number });
    expect(bridge.messages.find(({ command }) => command === 'http_proxy')).toMatchObject({
      data: { method: 'POST', path: '/_matrix/app/v1/ping', headers: { Authorization: ['Bearer hs-nat'] }, body: {} },
    });
    bridge.proxied = () => ({ status: 403, headers: {}, body: { errcode: 'M_FORBIDDEN' } });
    expect(await refusal(ping())).toBe('502 M_BAD_STATUS');
    bridge.proxied = () => ({ status: 'what' });
    expect(await refusal(ping())).toBe('502 M_CONNECTION_FAILED');
    bridge.proxied = () => undefined;
    expect(await refusal(ping())).toBe('504 M_CONNECTION_TIMEOUT');
    bridge.proxied = (path) => ({ status: path.includes('/users/') ? 404 : 200, headers: {} });
    expect(await refusal(profile())).toBe('404 M_NOT_FOUND');
    const asked = bridge.messages.map(({ data }) => data?.['path']);
    expect(asked).toContain(`/_matrix/app/v1/users/${encodeURIComponent('@_nat_new:localhost')}`);
  });

  it('may ask in turn: its pings are answered, what nobody knows is refused, what is no message ends the connection', async () => {
    const bridge = await connect('nat');
    bridge.send({ command: 'ping', id: 1, data: { timestamp: 5 } });
    bridge.send({ command: 'bridge_status', data: { state_event: 'CONNECTED' } });
    bridge.send({ command: 'bridge_status', id: 2, data: {} });
    bridge.send({ command: 'make_coffee', id: 3, data: {} });
    bridge.send({ command: 'response', id: 999, data: {} });
    await until(() => bridge.messages.filter(({ id }) => id !== undefined).length === 3);
    expect(bridge.messages.filter(({ id }) => id !== undefined)).toMatchObject([
      { command: 'response', id: 1, status: 'ok', data: { timestamp: expect.any(Number) as number } },
      { command: 'response', id: 2 },
      { command: 'error', id: 3, data: { code: 'M_UNRECOGNIZED' } },
    ]);
    bridge.send('{');
    expect(await bridge.closed).toMatchObject({ code: 1007 });
    const large = await connect('nat');
    large.send(`{"command":"ping","data":"${'x'.repeat(3_000_000)}"}`);
    expect(await large.closed).toMatchObject({ code: 1009 });
  });
});

describe('the websocket', () => {
  const refused = (headers: Record<string, string>) =>
    new Promise<string>((resolve, reject) => {
      const socket = new WebSocket(`${base.replace(/^http/, 'ws')}${socketPath}`, { headers });
      socket.once('open', () => reject(new Error('it opened')));
      socket.once('error', () => {});
      socket.once('unexpected-response', (_, response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () =>
          resolve(`${response.statusCode} ${(JSON.parse(text) as { errcode: string }).errcode}`),
        );
      });
    });

  it('opens to an as_token alone, and to the messages that it speaks', async () => {
    expect(await refused({})).toBe('401 M_MISSING_TOKEN');
    expect(await refused({ authorization: 'Bearer nobody' })).toBe('401 M_UNKNOWN_TOKEN');
    expect(await refused({ authorization: `Bearer ${alice.token}` })).toBe('401 M_UNKNOWN_TOKEN');
    expect(await refused({ authorization: 'Bearer hs-nat' })).toBe('401 M_UNKNOWN_TOKEN');
    expect(await refused({ authorization: 'Bearer as-nat', 'x-mautrix-websocket-version': '2' })).toBe(
      '400 M_INVALID_PARAM',
    );
    expect(await refusal(request(base, 'GET', socketPath, { token: 'as-nat' }))).toBe('404 M_UNRECOGNIZED');
  });
});

describe('two processes on one database', () => {
  let second: Homeserver;
  let otherBase = '';
  beforeAll(async () => {
    second = await createHomeserver(config('second'), { log: silentLog });
    otherBase = (await second.listen())[0]?.url ?? '';
  });

  it('send from where the websocket is, and over the url again once it has gone', async () => {
    const { say } = await room('both');
    await say('by url');
    await until(() => direct.events.some(({ content }) => content['body'] === 'by url'));
    const there = await connect('both', otherBase);
    await say('by socket');
    await until(() => there.bodies.includes('by socket'));
    const here = await connect('both');
    expect(await there.closed).toMatchObject({ code: 4001 });
    await say('by the other');
    await until(() => here.bodies.includes('by the other'));
    await here.close();
    await say('by url again');
    await until(() => direct.events.some(({ content }) => content['body'] === 'by url again'));
    const heard = direct.events.map(({ content }) => content['body']).filter((body) => body !== undefined);
    expect(heard).toEqual(['by url', 'by url again']);
  });

  it('pass pings and questions on to where the websocket is, and what comes of them back', async () => {
    const there = await connect('nat', otherBase);
    const ping = () => request(base, 'POST', '/_matrix/client/v1/appservice/nat/ping', { token: 'as-nat', body: {} });
    await expect.poll(() => refusal(ping())).toBe('undefined');
    expect(there.messages.at(-1)).toMatchObject({
      data: { path: '/_matrix/app/v1/ping', headers: { Authorization: ['Bearer hs-nat'] } },
    });
    const long = { userid: '@_nat_a:localhost', protocol: 'nat', fields: { nick: 'ü'.repeat(50_000) } };
    there.proxied = (path) => ({ status: path.includes('/thirdparty/') ? 200 : 404, headers: {}, body: [long] });
    const users = await request<unknown>(base, 'GET', `${v3}/thirdparty/user?userid=@_nat_a:localhost`, {
      token: alice.token,
    });
    expect(users).toEqual([long]);
    expect(await refusal(ping())).toBe('502 M_BAD_STATUS');
    there.proxied = () => undefined;
    expect(await refusal(ping())).toBe('504 M_CONNECTION_TIMEOUT');
    await there.close();
    await expect.poll(() => refusal(ping())).toBe('400 M_URL_NOT_SET');
  });

  it('tell their application services when they stop', async () => {
    const bridge = await connect('nat', otherBase);
    await second.stop();
    expect(await bridge.closed).toEqual({
      code: 1012,
      reason: '{"command":"disconnect","status":"server_shutting_down"}',
    });
  });
});
