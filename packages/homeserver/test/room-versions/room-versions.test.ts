// Every room version from end to end: a room is made, people are invited, join, speak, redact, get power, knock and are let in, and the
// room is upgraded; then all that was stored is audited as another server would.
// https://spec.matrix.org/v1.19/rooms/
import { type JsonObject, type RoomVersionRules, roomVersionRules } from '@pons/spec';
import { makeSigningKey, readVerifyKey } from '@pons/spec/crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { testRoomLanes, testServerName, testUser } from '../../../testkit/src/room-lanes.ts';
import { getCapabilities } from '../../src/client-api/server/capabilities.ts';
import { roomRoutes } from '../../src/client-api/rooms/routes.ts';
import type { ApiResponse, Route } from '../../src/http/route.ts';
import type { HttpServer } from '../../src/http/server.ts';
import { checkDatabase } from '../../src/storage/check.ts';
import { stubServer } from '../http/stub-server.ts';
import { auditRoom, type StoredEvent } from './audit-room.ts';

const versions = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'];

let database: TestDatabase;
let client: pg.Client;
let house: ReturnType<typeof testRoomLanes>;
let server: HttpServer;
let base: string;

beforeAll(async () => {
  database = await testDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  house = testRoomLanes(database.db);
  const routes = [
    ...roomRoutes({
      ...house,
      withoutLogin: true,
      directoryOf: (instanceId: string) => instanceId,
      covers: () => true,
    }),
    getCapabilities({ defaultRoomVersion: house.defaultRoomVersion }),
  ];
  const stub = await stubServer({
    routes: routes.map((route: Route) => [route.endpoint, (request): Promise<ApiResponse> => route.handle(request)]),
    resolveToken: (token) => testUser(token),
  });
  server = stub.server;
  base = stub.base;
});
afterAll(async () => {
  await server.stop();
  await house.close();
  await client.end();
  await database.drop();
});

const id = encodeURIComponent;
const userId = (name: string) => `@${name}:${testServerName}`;
let transactions = 0;

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

async function call(token: string, method: string, path: string, body?: object): Promise<Answer> {
  const response = await fetch(`${base}/_matrix/client/v3${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as JsonObject };
}

/** The call's answer, which must be good. */
async function ok(token: string, method: string, path: string, body?: object): Promise<JsonObject> {
  const answer = await call(token, method, path, body);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
}

/** A text in a body. */
function textIn(body: JsonObject, name: string): string {
  const value = body[name];
  return typeof value === 'string' ? value : '';
}

/** What is done in a room, by name. */
function room(roomId: string) {
  const path = `/rooms/${id(roomId)}`;
  return {
    roomId,
    path,
    join: (who: string) => call(who, 'POST', `/join/${id(roomId)}`, {}),
    invite: (who: string, whom: string) => call(who, 'POST', `${path}/invite`, { user_id: userId(whom) }),
    say: async (who: string, body: string) =>
      textIn(
        await ok(who, 'PUT', `${path}/send/m.room.message/t${++transactions}`, { msgtype: 'm.text', body }),
        'event_id',
      ),
    redact: (who: string, eventId: string) =>
      call(who, 'PUT', `${path}/redact/${id(eventId)}/t${++transactions}`, { reason: 'spam' }),
    set: (who: string, type: string, content: object) => call(who, 'PUT', `${path}/state/${type}/`, content),
    get: (who: string, type: string) => ok(who, 'GET', `${path}/state/${type}`),
    event: (who: string, eventId: string) => ok(who, 'GET', `${path}/event/${id(eventId)}`),
  };
}

async function create(who: string, version: string, more: object = {}) {
  const made = await ok(who, 'POST', '/createRoom', {
    room_version: version,
    preset: 'private_chat',
    name: 'Room',
    ...more,
  });
  return room(textIn(made, 'room_id'));
}

async function stored(roomId: string): Promise<StoredEvent[]> {
  const { rows } = await client.query<StoredEvent>(
    `select e.event_id as "eventId", j.json, e.redacted_by is not null as redacted
    from rooms r join events e using (room_nid) join event_json j using (room_nid, event_nid)
    where r.room_id = $1 order by e.position`,
    [roomId],
  );
  return rows;
}

function auditOf(events: readonly StoredEvent[], roomId: string, version: string): string[] {
  const key = makeSigningKey('test', Buffer.alloc(32, 7));
  const rules = roomVersionRules(version) as RoomVersionRules;
  const verifyKey = readVerifyKey(key?.publicKey ?? '');
  return auditRoom(events, { roomId, rules, findKey: (keyId) => (keyId === key?.keyId ? verifyKey : undefined) });
}

async function audit(roomId: string, version: string): Promise<string[]> {
  const events = await stored(roomId);
  expect(events.length).toBeGreaterThan(5);
  return auditOf(events, roomId, version);
}

test.each<[string, (json: string) => string, RegExp]>([
  ['another content', (json) => json.replace('"name":"Room"', '"name":"Doom"'), /does not fit its hash/],
  ['another time', (json) => json.replace('"origin_server_ts":1', '"origin_server_ts":2'), /is not signed by/],
  ['another room', (json) => json.replace(/"room_id":"[^"]+"/, '"room_id":"!x:pons.test"'), /is of another room/],
  [
    'another hash of what it cites',
    (json) => json.replaceAll(/(:pons.test",\{"sha256":")./g, '$1_'),
    /with another hash/,
  ],
  ['a sender without power', (json) => json.replace('"sender":"@alice', '"sender":"@nobody'), /is against rule/],
])('the audit finds an event with %s', async (_name, tamper, expected) => {
  const here = await create('alice', '2');
  const events = await stored(here.roomId);
  const at = events.findIndex(({ json }) => json.includes('"name":"Room"'));
  const tampered = events.map((event, index) => (index === at ? { ...event, json: tamper(event.json) } : event));
  expect(auditOf(tampered, here.roomId, '2').join('\n')).toMatch(expected);
});

test('the server offers all of them as stable, and 12 is the default', async () => {
  const { capabilities } = (await ok('alice', 'GET', '/capabilities')) as { capabilities: JsonObject };
  expect(capabilities['m.room_versions']).toEqual({
    default: '12',
    available: Object.fromEntries(versions.map((version) => [version, 'stable'])),
  });
  const { roomId } = await create('alice', '12');
  const made = await ok('alice', 'POST', '/createRoom', {});
  expect(roomId).not.toContain(':');
  expect(made['room_id']).not.toContain(':');
});

describe.each(versions)('a room of version %s', (version) => {
  const number = Number(version);

  test('is made, and people come by invitation, speak and go', async () => {
    const { roomId, ...here } = await create('alice', version);
    expect(roomId).toMatch(number === 12 ? /^![A-Za-z0-9_-]{43}$/ : /^![A-Za-z0-9]+:pons\.test$/);
    const content = await here.get('alice', 'm.room.create');
    expect(content['room_version']).toBe(version);
    expect(content['creator']).toBe(number <= 10 ? userId('alice') : undefined);
    expect(await here.join('bob')).toMatchObject({ status: 403 });
    expect(await here.invite('alice', 'bob')).toMatchObject({ status: 200 });
    expect(await here.join('bob')).toMatchObject({ status: 200 });
    const eventId = await here.say('bob', 'hello');
    const form = number <= 2 ? /^\$[\w-]+:pons\.test$/ : number === 3 ? /^\$[A-Za-z0-9+/]{43}$/ : /^\$[\w-]{43}$/;
    expect(eventId).toMatch(form);
    expect(await here.event('alice', eventId)).toMatchObject({ event_id: eventId, content: { body: 'hello' } });
    await ok('alice', 'POST', `${here.path}/ban`, { user_id: userId('bob') });
    expect(await here.join('bob')).toMatchObject({ status: 403 });
    expect(await audit(roomId, version)).toEqual([]);
  });

  test('lets people redact their own and moderators all', async () => {
    const here = await create('alice', version, { preset: 'public_chat' });
    for (const who of ['bob', 'carol']) await here.join(who);
    const [first, second] = [await here.say('bob', 'first'), await here.say('bob', 'second')];
    expect(await here.redact('carol', first)).toMatchObject({ status: 403 });
    const own = textIn((await here.redact('bob', first)).body, 'event_id');
    const moderated = textIn((await here.redact('alice', second)).body, 'event_id');
    for (const [eventId, by] of [
      [first, own],
      [second, moderated],
    ] as const) {
      expect(await here.event('carol', eventId)).toMatchObject({
        content: {},
        unsigned: { redacted_because: { event_id: by, redacts: eventId, content: { redacts: eventId } } },
      });
      expect(await here.event('carol', by)).toMatchObject({
        redacts: eventId,
        content: { redacts: eventId, reason: 'spam' },
      });
    }
    expect(await audit(here.roomId, version)).toEqual([]);
  });

  test('keeps power where it belongs', async () => {
    const here = await create('alice', version, { preset: 'public_chat' });
    for (const who of ['bob', 'carol']) await here.join(who);
    const levels = await here.get('alice', 'm.room.power_levels');
    const users = { ...(levels['users'] as JsonObject), [userId('bob')]: 50 };
    expect(await here.set('bob', 'm.room.topic', { topic: 'no' })).toMatchObject({ status: 403 });
    expect(await here.set('alice', 'm.room.power_levels', { ...levels, users })).toMatchObject({ status: 200 });
    expect(await here.set('bob', 'm.room.topic', { topic: 'yes' })).toMatchObject({ status: 200 });
    const self = { ...levels, events: {}, users: { ...users, [userId('bob')]: 100 } };
    expect(await here.set('bob', 'm.room.power_levels', self)).toMatchObject({ status: 403 });
    const notifications = {
      ...levels,
      users,
      events: { ...(levels['events'] as JsonObject), 'm.room.power_levels': 50 },
    };
    await here.set('alice', 'm.room.power_levels', { ...notifications, notifications: { room: 100 } });
    // Up to version 5 notification levels are nobody's.
    const lower = { ...notifications, notifications: { room: 0 } };
    expect(await here.set('bob', 'm.room.power_levels', lower)).toMatchObject({ status: number <= 5 ? 200 : 403 });
    const creator = { ...levels, users: { ...users, [userId('alice')]: 100 } };
    expect(await here.set('alice', 'm.room.power_levels', creator)).toMatchObject({
      status: number === 12 ? 403 : 200,
    });
    expect(await audit(here.roomId, version)).toEqual([]);
  });

  test('takes knocks from version 7 on', async () => {
    const here = await create('alice', version);
    await here.set('alice', 'm.room.join_rules', { join_rule: 'knock' });
    const knocked = await call('dave', 'POST', `/knock/${id(here.roomId)}`, {});
    expect(knocked.status).toBe(number >= 7 ? 200 : 403);
    expect(await here.invite('alice', 'dave')).toMatchObject({ status: 200 });
    // The rule has no meaning before version 7, so that nobody joins by it.
    expect(await here.join('dave')).toMatchObject({ status: number >= 7 ? 200 : 403 });
    expect(await audit(here.roomId, version)).toEqual([]);
  });

  test('lets members of other rooms in from version 8 on', async () => {
    const other = await create('alice', version);
    await other.invite('alice', 'erin');
    await other.join('erin');
    const here = await create('alice', version);
    const allow = [{ type: 'm.room_membership', room_id: other.roomId }];
    await here.set('alice', 'm.room.join_rules', { join_rule: 'restricted', allow });
    expect(await here.join('frank')).toMatchObject({ status: 403 });
    expect(await here.join('erin')).toMatchObject({ status: number >= 8 ? 200 : 403 });
    await here.set('alice', 'm.room.join_rules', { join_rule: 'knock_restricted', allow });
    await other.invite('alice', 'grace');
    await other.join('grace');
    expect(await here.join('grace')).toMatchObject({ status: number >= 10 ? 200 : 403 });
    expect(await audit(here.roomId, version)).toEqual([]);
  });

  test('is upgraded, by and by to the newest', async () => {
    const older = await create('alice', version, { preset: 'public_chat', topic: 'T' });
    await older.join('bob');
    for (const newer of new Set([version, versions[number] ?? '12', '12'])) {
      const answer = await ok('alice', 'POST', `${older.path}/upgrade`, { new_version: newer });
      const here = room(textIn(answer, 'replacement_room'));
      expect(await here.get('alice', 'm.room.create')).toMatchObject({
        room_version: newer,
        predecessor: { room_id: older.roomId },
      });
      expect(await here.get('alice', 'm.room.topic')).toMatchObject({ topic: 'T' });
      expect(await older.get('alice', 'm.room.tombstone')).toMatchObject({ replacement_room: here.roomId });
      expect(await here.join('bob')).toMatchObject({ status: 200 });
      expect(await audit(here.roomId, newer)).toEqual([]);
    }
    expect(await audit(older.roomId, version)).toEqual([]);
  });
});

test('the database is in order after all that', async () => {
  expect(await checkDatabase(database.url)).toEqual([]);
});
