// Every string of every request, hostile: U+0000, and 10,000 characters that nothing can compress (an index of PostgreSQL takes 2,704
// bytes), as path and query parameters, members of bodies and names of members; integers at both ends. Whatever is refused is refused by a
// check of ours: never by a 5xx, and never by the database, whose refusals are logged.

import { randomBytes } from 'node:crypto';
import type { JsonObject, JsonValue } from '@pons/spec';
import type { Endpoint, JsonSchema } from '@pons/spec/endpoints';
import { request } from '@pons/testkit/requests';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Log } from '../../src/index.ts';
import { asToken, filled, type RouteHouse, routeHouse } from './route-house.ts';

const v3 = '/_matrix/client/v3';
const type = 'm.login.application_service';
const long = randomBytes(7_500).toString('base64url');
const hostileTexts: Readonly<Record<string, string>> = { nul: '\0', long };
const hostileIntegers = [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER];
/** They end whoever calls them: the last thing that each caller does. */
const ending =
  /^(logout|logout_all|deactivateAccount|changePassword|deleteDevices?|deletePonsUser|deactivatePonsUser)$/;

let house: RouteHouse;
let roomId = '';
let eventId = '';
const tokens: Record<string, string> = { as: asToken };
const logged: string[] = [];
const note = (fields: unknown, message?: string) => logged.push(`${JSON.stringify(fields)} ${message}`);
const log: Log = { debug() {}, info() {}, warn: note, error: note, child: () => log };

const post = (path: string, token: string | undefined, body: unknown) =>
  request(house.base, 'POST', path, { ...(token === undefined ? {} : { token }), body });

async function register(username: string): Promise<string> {
  const body = { username, password: 'a long password', auth: { type: 'm.login.dummy' } };
  return (await post(`${v3}/register`, undefined, body))['access_token'] as string;
}

beforeAll(async () => {
  house = await routeHouse(log);
  tokens['user'] = await register('alice');
  tokens['admin'] = await register('root');
  await post(`${v3}/register`, asToken, { type, username: '_irc_a', inhibit_login: true });
  roomId = (await post(`${v3}/createRoom`, tokens['user'], { preset: 'public_chat' }))['room_id'] as string;
  const sent = await request(house.base, 'PUT', `${v3}/rooms/${encodeURIComponent(roomId)}/send/m.room.message/1`, {
    token: tokens['user'] ?? '',
    body: { msgtype: 'm.text', body: 'hello' },
  });
  eventId = sent['event_id'] as string;
});
afterAll(() => house.stop());

/** Something that a parameter or member of this name could be, so that the call gets far. */
function sample(name: string): string {
  if (/room_?id|rooms|^!/i.test(name)) return roomId;
  if (/event_?id|m\.(fully_)?read/i.test(name)) return eventId;
  if (/alias/i.test(name)) return '#alias:localhost';
  if (/user_?id|ghosts?$|invite|^sender$/i.test(name)) return '@_irc_a:localhost';
  if (name === 'visibility') return 'public';
  if (name === 'appserviceId') return 'irc';
  if (name === 'receiptType') return 'm.read';
  if (/server/i.test(name)) return 'localhost';
  return name === '' ? 'x' : name;
}

/** As itself, and behind what the parser of such an id looks at first. */
function hostileLike(name: string, text: string): string[] {
  const sigil = /^[!@#$]/.exec(sample(name))?.[0];
  if (sigil === undefined) return [text];
  return [text, sigil === '$' ? `$${text}` : `${sigil}_irc_${text}:localhost`];
}

function texts(name: string): string[] {
  return Object.values(hostileTexts).flatMap((text) => hostileLike(name, text));
}

function typeOf(schema: JsonSchema): string {
  const { type: types } = schema;
  if (typeof types === 'string') return types;
  if (types !== undefined) return types.find((one) => one !== 'null') ?? 'string';
  return schema.properties === undefined ? 'string' : 'object';
}

/** A body of the schema with nothing wrong in it. */
function plain(schema: JsonSchema, name: string): JsonValue {
  const [first] = schema.enum ?? [];
  if (first !== undefined) return first;
  switch (typeOf(schema)) {
    case 'object':
      return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, one]) => [key, plain(one, key)]));
    case 'array':
      return [plain(schema.items ?? {}, name)];
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return false;
    default:
      return sample(name);
  }
}

/** The same body again and again, with one value or name in it hostile. */
function* hostile(schema: JsonSchema, name: string): Generator<JsonValue> {
  switch (typeOf(schema)) {
    case 'object':
      yield* hostileObjects(schema, name);
      return;
    case 'array':
      for (const item of hostile(schema.items ?? {}, name)) yield [item];
      return;
    case 'integer':
    case 'number':
      yield* hostileIntegers;
      return;
    case 'boolean':
      return;
    default:
      yield* texts(name);
  }
}

function* hostileObjects(schema: JsonSchema, name: string): Generator<JsonObject> {
  const { properties = {}, additionalProperties: rest, required = [] } = schema;
  const whole = plain(schema, name) as JsonObject;
  const bare = Object.fromEntries(Object.entries(whole).filter(([key]) => required.includes(key)));
  for (const [key, member] of Object.entries(properties))
    for (const value of hostile(member, key)) {
      yield { ...whole, [key]: value };
      // Another member may say what this one must not come with.
      yield { ...bare, [key]: value };
    }
  if (Object.keys(properties).length > 0 || rest === false) return;
  const inside = typeof rest === 'object' ? rest : {};
  for (const key of [...texts('userId'), ...texts('roomId'), ...texts('x')]) yield { [key]: plain(inside, name) };
  for (const key of ['@_irc_a:localhost', roomId, 'ed25519:x'])
    for (const value of hostile(inside, name)) yield { [key]: value };
}

interface Call {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: JsonValue;
}

const text: JsonSchema = { type: 'string' };
const object = (properties: JsonSchema['properties'] = {}): JsonSchema => ({ type: 'object', properties });
const listOf = (items: JsonSchema): JsonSchema => ({ type: 'array', items });
const content = object({
  body: text,
  membership: { type: 'string', enum: ['join'] },
  redacts: text,
  'm.relates_to': object({ event_id: text, rel_type: text, key: text, 'm.in_reply_to': object({ event_id: text }) }),
  'm.new_content': object({ body: text }),
  alias: text,
  url: text,
  algorithm: text,
});
/** What these take, and their descriptors do not say. */
const undescribed: Readonly<Record<string, JsonSchema>> = {
  bulkGhosts: object({
    ghosts: listOf(
      object({ user_id: text, localpart: text, displayname: text, avatar_url: text, rooms: listOf(text) }),
    ),
  }),
  batchSend: object({
    events: listOf(
      object({
        type: text,
        sender: text,
        content,
        event_id: text,
        redacts: text,
        origin_server_ts: { type: 'integer' },
      }),
    ),
  }),
  sendEphemeralEvent: content,
  sendMessage: content,
  setRoomStateWithKey: content,
  setAccountData: content,
  setAccountDataPerRoom: content,
  setProfileField: object({ key: text, displayname: text, avatar_url: text }),
};

function* calls({ operation, path, query = [], request: described = { type: 'object' } }: Endpoint): Generator<Call> {
  const schema = undescribed[operation] ?? described;
  const names = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
  const good = Object.fromEntries(names.map((name) => [name, sample(name)]));
  const needed = new URLSearchParams(
    query
      .filter(({ required }) => required === true)

      .map(({ name, type: kind, values: [first] = [] }): [string, string] => [
        name,
        first ?? (kind === 'integer' ? '1' : sample(name)),
      ]),
  );
  const body = plain(schema, '');
  for (const name of names)
    for (const text of texts(name)) yield { path: filled(path, { ...good, [name]: text }), query: needed, body };
  for (const { name, type: kind } of query.filter(({ name: one }) => one !== 'user_id' && one !== 'device_id')) {
    const values = kind === 'integer' ? hostileIntegers.map(String) : texts(name);
    for (const value of values) {
      const one = new URLSearchParams(needed);
      one.set(name, value);
      yield { path: filled(path, good), query: one, body };
    }
  }
  for (const one of hostile(schema, '')) yield { path: filled(path, good), query: needed, body: one };
}

async function answer(endpoint: Endpoint, { path, query, body }: Call, token: string): Promise<number> {
  // No caller waits for news that do not come.
  if (endpoint.operation === 'sync' || endpoint.operation === 'getEvents') query.set('timeout', '0');
  const response = await fetch(`${house.base}${path}?${query.toString()}`, {
    method: endpoint.method,
    headers: { authorization: `Bearer ${token}` },
    ...(endpoint.body === 'none' ? {} : { body: endpoint.body === 'json' ? JSON.stringify(body) : 'bytes' }),
  });
  await response.arrayBuffer();
  return response.status;
}

describe.each(['user', 'admin', 'as'])('whatever the %s puts into a request', (who) => {
  test('is refused or taken by a check, never by a failure or by the database', async () => {
    const wrong = new Set<string>();
    // What everybody may call is asked of by the others.
    const routes = house.routed.filter(({ auth }) => (auth === 'admin') === (who === 'admin'));
    const ordered = [
      ...routes.filter(({ operation }) => !ending.test(operation)),
      ...routes.filter(({ operation }) => ending.test(operation)),
    ];
    let asked = 0;
    for (const endpoint of ordered) {
      // Some calls leave, forget or kick.
      await post(`${v3}/join/${encodeURIComponent(roomId)}`, tokens[who], {}).catch(() => undefined);
      for (const call of calls(endpoint)) {
        logged.length = 0;
        asked += 1;
        const status = await answer(endpoint, call, tokens[who] ?? '');
        const refused = logged.filter((line) => line.includes('database'));
        if (status < 500 && refused.length === 0) continue;
        const inside = JSON.stringify(call.body).replaceAll(long, 'LONG');
        const where = `${call.path}?${call.query.toString()}`.replaceAll(long, 'LONG');
        wrong.add(
          `${endpoint.operation} ${status} ${endpoint.method} ${where} ${inside} ${refused.join()}`.slice(0, 500),
        );
      }
    }
    expect([...wrong]).toEqual([]);
    expect(asked).toBeGreaterThan(who === 'admin' ? 100 : 1000);
  }, 600_000);
});
