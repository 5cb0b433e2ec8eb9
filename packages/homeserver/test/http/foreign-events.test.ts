// An event is found by its room and its id, never by its id alone: for every route whose path has an event id, one of a room that the
// caller is not in answers byte for byte like one that there is not; so does an event that nobody is to see (soft-failed, rejected,
// outlier). The list is that of the router, so a new route cannot be forgotten.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Endpoint, endpoints, federationEndpoints, ponsEndpoints, synapseEndpoints } from '@pons/spec/endpoints';
import { testDatabase } from '@pons/testkit/database';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configFrom, createHomeserver, type Homeserver, silentLog } from '../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-foreign-'));
let homeserver: Homeserver;
let database: Awaited<ReturnType<typeof testDatabase>>;
let base = '';
const routed: Endpoint[] = [];
/** A room of eve's, and events that she is not to see: of a room of alice's, or hidden in her own. */
let room = '';
const hidden = new Map<string, string>();
let eve = '';

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function call(method: string, path: string, token: string, body?: object): Promise<Answer> {
  const response = await fetch(base + path, {
    method,
    headers: token === '' ? {} : { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

async function made<T>(answer: Promise<Answer>): Promise<T> {
  const { status, text } = await answer;
  if (status !== 200) throw new Error(text);
  return JSON.parse(text) as T;
}

async function account(username: string): Promise<string> {
  const body = { username, password: 'secret of one', auth: { type: 'm.login.dummy' } };
  return (await made<{ access_token: string }>(call('POST', '/_matrix/client/v3/register', '', body))).access_token;
}

let txn = 0;
async function say(roomId: string, token: string, body: string): Promise<string> {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${(txn += 1)}`;
  return (await made<{ event_id: string }>(call('PUT', path, token, { msgtype: 'm.text', body }))).event_id;
}

async function newRoom(token: string): Promise<string> {
  const answer = call('POST', '/_matrix/client/v3/createRoom', token, { preset: 'private_chat' });
  return (await made<{ room_id: string }>(answer)).room_id;
}

const values: Readonly<Record<string, string>> = {
  receiptType: 'm.read',
  relType: 'm.thread',
  eventType: 'm.room.message',
};

function pathOf({ path }: Endpoint, eventId: string): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value =
      name === 'roomId' ? room : name === 'eventId' ? eventId : name === 'txnId' ? `${(txn += 1)}` : values[name];
    return encodeURIComponent(value ?? name);
  });
}

async function methodsOf(path: string): Promise<string[]> {
  const response = await fetch(base + path, { method: 'PATCH' });
  return response.status === 405 ? (response.headers.get('allow') ?? '').split(', ') : [];
}

/** What the route says of an event, the event's id left out. */
async function answerOf(endpoint: Endpoint, eventId: string): Promise<string> {
  const body = endpoint.body === 'none' ? undefined : {};
  const { status, text } = await call(endpoint.method, pathOf(endpoint, eventId), eve, body);
  return `${status} ${text.replaceAll(eventId, '$id')}`;
}

beforeAll(async () => {
  database = await testDatabase();
  const config = configFrom(
    {
      server_name: 'localhost',
      database: database.url,
      data_dir: './data',
      listeners: [{ bind: '127.0.0.1', port: 0 }],
      accounts: { registration: { mode: 'open' }, password_cost: 'low' },
      rate_limits: 'off',
    },
    folder,
  );
  homeserver = await createHomeserver(config, { log: silentLog });
  const [listener] = await homeserver.listen();
  base = listener?.url ?? '';
  const alice = await account('alice');
  eve = await account('eve');
  hidden.set('of a foreign room', await say(await newRoom(alice), alice, 'not for eve'));
  room = await newRoom(eve);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  for (const kind of ['soft_failed', 'rejected', 'outlier']) {
    const eventId = await say(room, eve, kind);
    await say(room, eve, 'after it');
    await client.query(`update events set ${kind} = true, position = null where event_id = $1`, [eventId]);
    hidden.set(kind, eventId);
  }
  await client.end();
  const withEvent = [endpoints, federationEndpoints, ponsEndpoints, synapseEndpoints]
    .flatMap((list): Endpoint[] => Object.values(list))
    .filter(({ path }) => path.includes('{eventId}'));
  for (const endpoint of withEvent) {
    if ((await methodsOf(pathOf(endpoint, '$event'))).includes(endpoint.method)) routed.push(endpoint);
  }
});
afterAll(async () => {
  await homeserver.stop();
  await database.drop();
  rmSync(folder, { recursive: true });
});

describe('an event that the caller is not to see', () => {
  test('is asked for by some routes', () => {
    expect(routed.map(({ operation }) => operation)).toEqual(
      expect.arrayContaining(['getOneRoomEvent', 'getEventContext', 'redactEvent', 'getRelatingEvents']),
    );
  });

  test.each(['of a foreign room', 'soft_failed', 'rejected', 'outlier'])(
    '(%s) answers like one that there is not',
    async (kind) => {
      const answers: Record<string, readonly string[]> = {};
      for (const endpoint of routed) {
        const missing = await answerOf(endpoint, `$${'m'.repeat(43)}`);
        const found = await answerOf(endpoint, hidden.get(kind) ?? '');
        if (found !== missing) answers[endpoint.operation] = [found, missing];
      }
      expect(answers).toEqual({});
    },
  );

  test.each(['of a foreign room', 'soft_failed'])('(%s) is not read as a place in the room', async (kind) => {
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/read_markers`;
    const answer = async (eventId: string) => {
      const { status, text } = await call('POST', path, eve, { 'm.read': eventId, 'm.fully_read': eventId });
      return `${status} ${text.replaceAll(eventId, '$id')}`;
    };
    expect(await answer(hidden.get(kind) ?? '')).toBe(await answer(`$${'m'.repeat(43)}`));
  });
});
