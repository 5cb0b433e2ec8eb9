// The endpoints of rooms as a client meets them: status, error code, the members of each body. The verbs and the database are real;
// a token is a user's name, `as` with user_id an application service's.
// https://spec.matrix.org/v1.19/client-server-api/#rooms-1
import type { JsonObject } from '@pons/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { testRoomLanes, testServerName, testUser } from '../../../testkit/src/room-lanes.ts';
import { roomRoutes } from '../../src/client-api/rooms/routes.ts';
import type { ApiResponse, Route } from '../../src/http/route.ts';
import type { HttpServer } from '../../src/http/server.ts';
import { stubServer } from '../http/stub-server.ts';

let test: TestDatabase;
let house: ReturnType<typeof testRoomLanes>;
let server: HttpServer;
let base: string;

beforeAll(async () => {
  test = await testDatabase();
  house = testRoomLanes(test.db, { parts: { queryAlias: makeAliasRoom } });
  const routes = roomRoutes({
    ...house,
    withoutLogin: true,
    directoryOf: (instanceId: string) => instanceId,
    covers: (appserviceId, userId) => appserviceId === 'irc' && userId.startsWith('@irc_'),
    positionOfSync: (token) => (/^s\d+$/.test(token) ? Number(token.slice(1)) : undefined),
  });
  const stub = await stubServer({
    routes: routes.map((route: Route) => [route.endpoint, (request): Promise<ApiResponse> => route.handle(request)]),
    resolveToken: (token, claim) =>
      token === 'as'
        ? { ...testUser('irc_bot'), userId: claim.userId ?? `@irc_bot:${testServerName}`, appserviceId: 'irc' }
        : testUser(token),
  });
  server = stub.server;
  base = stub.base;
});
afterAll(async () => {
  await server.stop();
  await house.close();
  await test.drop();
});

// What an application service does when it is asked for an alias of its namespace.
async function makeAliasRoom(alias: string): Promise<boolean> {
  if (!alias.startsWith('#irc_')) return false;
  await call('as', 'POST', '/createRoom', { preset: 'public_chat', room_alias_name: alias.slice(1).split(':')[0] });
  return true;
}

interface Answer {
  readonly status: number;
  readonly body: JsonObject & { readonly errcode?: string };
}

async function call(
  token: string,
  method: string,
  path: string,
  body?: object | string,
  version = 'v3',
): Promise<Answer> {
  const response = await fetch(`${base}/_matrix/client/${version}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const text = (body: string) => ({ msgtype: 'm.text', body });
const id = encodeURIComponent;
let txn = 0;

async function newRoom(token = 'alice', body: object = { preset: 'public_chat' }): Promise<string> {
  const answer = await call(token, 'POST', '/createRoom', body);
  expect(answer.status).toBe(200);
  return textOf(answer, 'room_id');
}

async function send(token: string, roomId: string, content: object, type = 'm.room.message'): Promise<string> {
  const answer = await call(token, 'PUT', `/rooms/${id(roomId)}/send/${type}/t${(txn += 1)}`, content);
  return textOf(answer, 'event_id');
}

function textOf(answer: Answer, key: string): string {
  const value = answer.body[key];
  return typeof value === 'string' ? value : '';
}

const events = (answer: Answer, key = 'chunk') => answer.body[key] as JsonObject[];
const bodiesOf = (answer: Answer) =>
  events(answer)
    .filter((event) => event['type'] === 'm.room.message')
    .map((event) => (event['content'] as JsonObject)['body']);

describe('rooms made alike in the same moment', () => {
  it('get ids of their own', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => newRoom('twin')));
    expect(new Set(ids).size).toBe(20);
  });
});

describe('sending', () => {
  it('answers the event id, and shows the transaction id to the device that sent it alone', async () => {
    const roomId = await newRoom();
    await call('bob', 'POST', `/join/${id(roomId)}`, {});
    const eventId = await send('alice', roomId, text('hello'));
    const path = `/rooms/${id(roomId)}/event/${id(eventId)}`;
    const own = await call('alice', 'GET', path);
    expect(own.body).toMatchObject({
      event_id: eventId,
      room_id: roomId,
      sender: '@alice:pons.test',
      type: 'm.room.message',
      content: text('hello'),
      unsigned: { transaction_id: `t${txn}`, membership: 'join' },
    });
    const others = await call('bob', 'GET', path);
    expect(others.body['unsigned']).not.toHaveProperty('transaction_id');
    expect(own.body).not.toHaveProperty('hashes');
  });

  it.each([
    ['a float', '{"body": 1.5}', 400, 'M_BAD_JSON'],
    ['an array', '[]', 400, 'M_BAD_JSON'],
    ['half a body', '{"body": "x"', 400, 'M_NOT_JSON'],
    ['more than 65,536 bytes', JSON.stringify({ body: 'x'.repeat(70_000) }), 413, 'M_TOO_LARGE'],
  ])('refuses %s', async (_name, body, status, errcode) => {
    const roomId = await newRoom();
    const answer = await call('alice', 'PUT', `/rooms/${id(roomId)}/send/m.room.message/x`, body);
    expect([answer.status, answer.body.errcode]).toEqual([status, errcode]);
  });

  it('keeps a key named __proto__ as a key', async () => {
    const roomId = await newRoom();
    const body = '{"__proto__":{"polluted":true},"body":"x"}';
    const sent = await call('alice', 'PUT', `/rooms/${id(roomId)}/send/m.room.message/proto`, body);
    const response = await fetch(
      `${base}/_matrix/client/v3/rooms/${id(roomId)}/event/${id(textOf(sent, 'event_id'))}`,
      { headers: { authorization: 'Bearer alice' } },
    );
    expect(await response.text()).toContain('"__proto__":{"polluted":true}');
  });

  it('takes ts from an application service, and nothing malformed', async () => {
    const roomId = await newRoom();
    const ghost = id('@irc_g:pons.test');
    await call('as', 'POST', `/join/${id(roomId)}?user_id=${ghost}`, {});
    const path = (ts: string, token: string) =>
      `/rooms/${id(roomId)}/send/m.room.message/${token}${(txn += 1)}?ts=${ts}&user_id=${ghost}`;
    const sent = await call('as', 'PUT', path('1234567890', 'as'), text('then'));
    const seen = await call('alice', 'GET', `/rooms/${id(roomId)}/event/${id(textOf(sent, 'event_id'))}`);
    expect(seen.body['origin_server_ts']).toBe(1_234_567_890);
    for (const ts of ['abc', '-1', '1.5', '9007199254740993']) {
      expect((await call('as', 'PUT', path(ts, 'as'), text('x'))).body.errcode).toBe('M_INVALID_PARAM');
    }
    expect((await call('alice', 'PUT', path('1', 'alice'), text('ignored'))).status).toBe(200);
  });

  it('makes two events of one txnId by two ghosts', async () => {
    const roomId = await newRoom();
    const ids: unknown[] = [];
    for (const name of ['one', 'two']) {
      const ghost = id(`@irc_${name}:pons.test`);
      await call('as', 'POST', `/join/${id(roomId)}?user_id=${ghost}`, {});
      const path = `/rooms/${id(roomId)}/send/m.room.message/T1?user_id=${ghost}`;
      ids.push((await call('as', 'PUT', path, text(name))).body['event_id']);
    }
    expect(new Set(ids).size).toBe(2);
  });
});

describe('history', () => {
  it('is paged both ways without gap or repetition', async () => {
    const roomId = await newRoom();
    for (let n = 0; n < 25; n += 1) await send('alice', roomId, text(`m${n}`));
    for (const dir of ['b', 'f']) {
      const seen: unknown[] = [];
      let from = '';
      for (let page = 0; page < 20; page += 1) {
        const path = `/rooms/${id(roomId)}/messages?dir=${dir}&limit=7${from === '' ? '' : `&from=${from}`}`;
        const answer = await call('alice', 'GET', path);
        seen.push(...bodiesOf(answer));
        if (answer.body['end'] === undefined) break;
        from = textOf(answer, 'end');
      }
      const expected = Array.from({ length: 25 }, (_, n) => `m${n}`);
      expect(seen).toEqual(dir === 'f' ? expected : expected.toReversed());
    }
  });

  it('is filtered by type and sender, and brings the members of a page when asked for them', async () => {
    const roomId = await newRoom();
    await call('bob', 'POST', `/join/${id(roomId)}`, {});
    await send('bob', roomId, text('from bob'));
    await send('alice', roomId, text('from alice'));
    await send('bob', roomId, { x: 1 }, 'com.example.other');
    const filtered = async (filter: object) =>
      call('alice', 'GET', `/rooms/${id(roomId)}/messages?dir=b&filter=${id(JSON.stringify(filter))}`);
    const byBob = await filtered({ types: ['m.room.mess*'], senders: ['@bob:pons.test'], lazy_load_members: true });
    expect(bodiesOf(byBob)).toEqual(['from bob']);
    expect(events(byBob, 'state').map((event) => event['state_key'])).toEqual(['@bob:pons.test']);
    const broken = await call('alice', 'GET', `/rooms/${id(roomId)}/messages?dir=b&filter={bad`);
    expect(broken.body.errcode).toBe('M_NOT_JSON');
    const bogus = await call('alice', 'GET', `/rooms/${id(roomId)}/messages?dir=b&from=bogus`);
    expect(bogus.body.errcode).toBe('M_INVALID_PARAM');
    const huge = await call('alice', 'GET', `/rooms/${id(roomId)}/messages?dir=b&limit=1000000000`);
    expect(huge.status).toBe(200);
  });

  it('around an event has both sides and the state there', async () => {
    const roomId = await newRoom();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await send('alice', roomId, text(`m${n}`)));
    const answer = await call('alice', 'GET', `/rooms/${id(roomId)}/context/${id(ids[2] ?? '')}?limit=4`);
    const names = (key: string) => events(answer, key).map((event) => (event['content'] as JsonObject)['body']);
    expect(names('events_before')).toEqual(['m1', 'm0']);
    expect(names('events_after')).toEqual(['m3', 'm4']);
    expect(events(answer, 'state').some((event) => event['type'] === 'm.room.create')).toBe(true);
    const next = await call(
      'alice',
      'GET',
      `/rooms/${id(roomId)}/messages?dir=b&limit=2&from=${textOf(answer, 'start')}`,
    );
    expect(events(next)[0]?.['type']).toBe('m.room.guest_access');
  });

  it('from before joining is hidden when it was for members only', async () => {
    const hidden = { type: 'm.room.history_visibility', content: { history_visibility: 'joined' } };
    const roomId = await newRoom('alice', { preset: 'public_chat', initial_state: [hidden] });
    const early = await send('alice', roomId, text('early'));
    await call('bob', 'POST', `/join/${id(roomId)}`, {});
    await send('alice', roomId, text('late'));
    expect(bodiesOf(await call('bob', 'GET', `/rooms/${id(roomId)}/messages?dir=b`))).toEqual(['late']);
    const one = await call('bob', 'GET', `/rooms/${id(roomId)}/event/${id(early)}`);
    expect([one.status, one.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
  });

  it('of a world readable room is open to everybody, its state too', async () => {
    const open = { type: 'm.room.history_visibility', content: { history_visibility: 'world_readable' } };
    const roomId = await newRoom('alice', { preset: 'public_chat', initial_state: [open], name: 'Glass' });
    await send('alice', roomId, text('for all'));
    expect(bodiesOf(await call('carol', 'GET', `/rooms/${id(roomId)}/messages?dir=b`))).toEqual(['for all']);
    expect((await call('carol', 'GET', `/rooms/${id(roomId)}/state/m.room.name`)).body).toEqual({ name: 'Glass' });
  });

  it('finds the event closest to a time', async () => {
    const roomId = await newRoom();
    const eventId = await send('alice', roomId, text('now'));
    const path = `/rooms/${id(roomId)}/timestamp_to_event`;
    const found = await call('alice', 'GET', `${path}?dir=b&ts=99999999999999`, undefined, 'v1');
    expect(found.body['event_id']).toBe(eventId);
    expect((await call('alice', 'GET', `${path}?dir=f&ts=99999999999999`, undefined, 'v1')).status).toBe(404);
    expect((await call('alice', 'GET', `${path}?dir=f&ts=abc`, undefined, 'v1')).body.errcode).toBe('M_INVALID_PARAM');
  });
});

describe('relations', () => {
  it('are bundled with their event and listed by kind', async () => {
    const roomId = await newRoom();
    const root = await send('alice', roomId, text('root'));
    const relate = (rel_type: string, more: object = {}) => ({
      ...text(rel_type),
      ...more,
      'm.relates_to': { rel_type, event_id: root },
    });
    const edit = await send('alice', roomId, relate('m.replace', { 'm.new_content': text('edited') }));
    const reply = await send('alice', roomId, relate('m.thread'));
    const reference = await send('alice', roomId, relate('m.reference'));
    const { body } = await call('alice', 'GET', `/rooms/${id(roomId)}/event/${id(root)}`);
    expect((body['unsigned'] as JsonObject)['m.relations']).toMatchObject({
      'm.replace': { event_id: edit },
      'm.thread': { count: 1, current_user_participated: true, latest_event: { event_id: reply } },
      'm.reference': { chunk: [{ event_id: reference }] },
    });
    const list = async (tail: string) =>
      events(await call('alice', 'GET', `/rooms/${id(roomId)}/relations/${id(root)}${tail}`, undefined, 'v1')).map(
        (event) => event['event_id'],
      );
    expect(await list('')).toEqual([reference, reply, edit]);
    expect(await list('/m.thread')).toEqual([reply]);
    expect(await list('/m.thread/m.room.message?dir=f')).toEqual([reply]);
    expect(await list('/m.thread/com.example')).toEqual([]);
    const below = await call('alice', 'PUT', `/rooms/${id(roomId)}/send/m.room.message/thr`, {
      ...text('x'),
      'm.relates_to': { rel_type: 'm.thread', event_id: reply },
    });
    expect([below.status, below.body.errcode]).toEqual([400, 'M_UNKNOWN']);
  });
});

describe('members', () => {
  it('are listed now, at a token, and by name', async () => {
    const roomId = await newRoom();
    const path = `/rooms/${id(roomId)}/messages?dir=b&limit=1`;
    const before = textOf(await call('alice', 'GET', path), 'start');
    const token = textOf(await call('alice', 'GET', path), 'end');
    expect(before).not.toBe('');
    await call('bob', 'POST', `/join/${id(roomId)}`, {});
    const ids = async (query: string) =>
      events(await call('alice', 'GET', `/rooms/${id(roomId)}/members${query}`)).map((event) => event['state_key']);
    expect(await ids('')).toEqual(['@alice:pons.test', '@bob:pons.test']);
    expect(await ids(`?at=${token}`)).toEqual(['@alice:pons.test']);
    expect(await ids('?not_membership=join')).toEqual([]);
    const joined = await call('bob', 'GET', `/rooms/${id(roomId)}/joined_members`);
    expect(Object.keys(joined.body['joined'] as JsonObject)).toEqual(['@alice:pons.test', '@bob:pons.test']);
    const stranger = await call('carol', 'GET', `/rooms/${id(roomId)}/members`);
    expect([stranger.status, stranger.body.errcode]).toEqual([403, 'M_FORBIDDEN']);
    expect((await call('as', 'GET', `/rooms/${id(roomId)}/joined_members`)).status).toBe(403);
    await call('as', 'POST', `/join/${id(roomId)}?user_id=${id('@irc_x:pons.test')}`, {});
    expect((await call('as', 'GET', `/rooms/${id(roomId)}/joined_members`)).status).toBe(200);
  });

  it.each([
    ['join', '/join/bogus', {}, 400, 'M_INVALID_PARAM'],
    ['join', '/join/!unknown:elsewhere.example', {}, 404, 'M_NOT_FOUND'],
    ['invite nobody', '/rooms/{room}/invite', {}, 400, 'M_MISSING_PARAM'],
    ['invite no user', '/rooms/{room}/invite', { user_id: 'not-an-id' }, 400, 'M_INVALID_PARAM'],
    ['invite oneself', '/rooms/{room}/invite', { user_id: '@alice:pons.test' }, 403, 'M_FORBIDDEN'],
    ['kick the absent', '/rooms/{room}/kick', { user_id: '@absent:pons.test' }, 403, 'M_FORBIDDEN'],
    ['kick nobody', '/rooms/{room}/kick', {}, 400, 'M_MISSING_PARAM'],
    ['forget where one is', '/rooms/{room}/forget', {}, 400, 'M_UNKNOWN'],
    ['upgrade to nowhere', '/rooms/{room}/upgrade', { new_version: 'bogus' }, 400, 'M_UNSUPPORTED_ROOM_VERSION'],
  ])('cannot %s (%s)', async (_name, path, body, status, errcode) => {
    const roomId = await newRoom();
    const answer = await call('alice', 'POST', path.replace('{room}', id(roomId)), body);
    expect([answer.status, answer.body.errcode]).toEqual([status, errcode]);
  });
});

describe('mutual rooms', () => {
  const path = (userId: string) => `/mutual_rooms?user_id=${encodeURIComponent(userId)}`;

  it('are those that both are joined to', async () => {
    const room = await newRoom('mutual_alice');
    await newRoom('mutual_alice');
    await call('mutual_bob', 'POST', `/join/${encodeURIComponent(room)}`, {});
    const asked = await call('mutual_alice', 'GET', path(`@mutual_bob:${testServerName}`), undefined, 'v1');
    expect(asked).toMatchObject({ status: 200, body: { joined: [room], count: 1 } });
    const stranger = await call('mutual_alice', 'GET', path('@nobody:elsewhere.example'), undefined, 'v1');
    expect(stranger.body).toEqual({ joined: [], count: 0 });
  });

  it.each(['@mutual_alice:' + testServerName, 'nobody', ''])('with %j are refused', async (userId) => {
    const { status, body } = await call('mutual_alice', 'GET', path(userId), undefined, 'v1');
    expect([status, body.errcode]).toEqual([400, 'M_INVALID_PARAM']);
  });
});

describe('creating', () => {
  it.each([
    [{ room_version: 'agent-smith' }, 'M_UNSUPPORTED_ROOM_VERSION'],
    [{ room_version: 1 }, 'M_BAD_JSON'],
    [{ room_alias_name: 'a:b' }, 'M_INVALID_PARAM'],
    [{ invite: ['bogus'] }, 'M_INVALID_PARAM'],
    [{ room_version: '12', creation_content: { additional_creators: 'x' } }, 'M_INVALID_ROOM_STATE'],
    [{ room_version: '12', creation_content: { additional_creators: ['@a:dom$ain$.com'] } }, 'M_INVALID_ROOM_STATE'],
  ])('refuses %j', async (body, errcode) => {
    const answer = await call('alice', 'POST', '/createRoom', body);
    expect([answer.status, answer.body.errcode]).toEqual([400, errcode]);
  });

  it('makes the invited of a trusted private chat creators in version 12', async () => {
    const body = { preset: 'trusted_private_chat', room_version: '12', invite: ['@bob:pons.test'] };
    const roomId = await newRoom('alice', body);
    const create = await call('alice', 'GET', `/rooms/${id(roomId)}/state/m.room.create`);
    expect(create.body['additional_creators']).toEqual(['@bob:pons.test']);
  });
});

describe('state', () => {
  it('is read by key, whole, and as an event; a missing slash is an empty key', async () => {
    const roomId = await newRoom();
    const put = await call('alice', 'PUT', `/rooms/${id(roomId)}/state/com.example.x`, { a: 1 });
    expect(put.status).toBe(200);
    const path = `/rooms/${id(roomId)}/state/com.example.x`;
    expect((await call('alice', 'GET', `${path}/`)).body).toEqual({ a: 1 });
    expect((await call('alice', 'GET', `${path}?format=event`)).body).toMatchObject({
      event_id: put.body['event_id'],
      state_key: '',
      content: { a: 1 },
    });
    expect((await call('alice', 'GET', `${path}/other`)).body.errcode).toBe('M_NOT_FOUND');
    expect((await call('bob', 'GET', path)).body.errcode).toBe('M_FORBIDDEN');
    const whole = await call('alice', 'GET', `/rooms/${id(roomId)}/state`);
    expect((whole.body as unknown as JsonObject[]).length).toBe(7);
  });
});

describe('the directory', () => {
  it('names rooms by alias, once, and asks the application service of a namespace', async () => {
    const roomId = await newRoom();
    const alias = id('#named:pons.test');
    expect((await call('alice', 'PUT', `/directory/room/${alias}`, { room_id: roomId })).status).toBe(200);
    const again = await call('alice', 'PUT', `/directory/room/${alias}`, { room_id: roomId });
    expect([again.status, again.body.errcode]).toEqual([409, 'M_UNKNOWN']);
    const foreign = await call('alice', 'PUT', `/directory/room/${id('#x:other.example')}`, { room_id: roomId });
    expect(foreign.body.errcode).toBe('M_INVALID_PARAM');
    expect((await call('carol', 'GET', `/directory/room/${alias}`)).body).toEqual({
      room_id: roomId,
      servers: ['pons.test'],
    });
    expect((await call('alice', 'GET', `/rooms/${id(roomId)}/aliases`)).body['aliases']).toEqual(['#named:pons.test']);
    expect((await call('bob', 'DELETE', `/directory/room/${alias}`)).body.errcode).toBe('M_FORBIDDEN');
    expect((await call('alice', 'DELETE', `/directory/room/${alias}`)).status).toBe(200);
    expect((await call('carol', 'GET', `/directory/room/${alias}`)).status).toBe(404);
    expect((await call('carol', 'POST', `/join/${id('#irc_pons:pons.test')}`, {})).status).toBe(200);
  });

  it('lists what is published, the largest first, page by page', async () => {
    const names = ['Small', 'Large', 'Other'];
    const ids: string[] = [];
    for (const name of names) ids.push(await newRoom('alice', { preset: 'public_chat', visibility: 'public', name }));
    await call('bob', 'POST', `/join/${id(ids[1] ?? '')}`, {});
    const first = await call('alice', 'GET', '/publicRooms?limit=1');
    expect(events(first)[0]).toMatchObject({
      room_id: ids[1],
      name: 'Large',
      num_joined_members: 2,
      world_readable: false,
      join_rule: 'public',
    });
    expect(first.body['total_room_count_estimate']).toBe(3);
    const second = await call('alice', 'GET', `/publicRooms?limit=5&since=${textOf(first, 'next_batch')}`);
    expect(events(second).map((entry) => entry['name'])).toEqual(['Other', 'Small']);
    expect(second.body).not.toHaveProperty('next_batch');
    const found = await call('alice', 'POST', '/publicRooms', { filter: { generic_search_term: 'oth' } });
    expect(events(found).map((entry) => entry['name'])).toEqual(['Other']);
    expect((await call('alice', 'POST', '/publicRooms', { since: 'bogus' })).body.errcode).toBe('M_INVALID_PARAM');
    const path = `/directory/list/room/${id(ids[2] ?? '')}`;
    expect((await call('bob', 'PUT', path, { visibility: 'private' })).status).toBe(403);
    expect((await call('alice', 'PUT', path, { visibility: 'private' })).status).toBe(200);
    expect((await call('carol', 'GET', path)).body).toEqual({ visibility: 'private' });
  });
});

describe('what other servers do as well', () => {
  it('answers a state that is set again as it stands with the same event, and another sender with a new one', async () => {
    const room = await newRoom('alice', { preset: 'public_chat', power_level_content_override: { state_default: 0 } });
    await call('bob', 'POST', `/join/${id(room)}`, {});
    const set = async (user: string, topic: string) =>
      textOf(await call(user, 'PUT', `/rooms/${id(room)}/state/m.room.topic`, { topic }), 'event_id');
    const first = await set('alice', 'one');
    expect(await set('alice', 'one')).toBe(first);
    expect(await set('bob', 'one')).not.toBe(first);
    expect(await set('alice', 'two')).not.toBe(first);
  });

  it('keeps what a join says besides, but not who authorised it', async () => {
    const room = await newRoom();
    const body = { 'org.example.why': 'curious', join_authorised_via_users_server: '@alice:x', membership: 'ban' };
    await call('carol', 'POST', `/rooms/${id(room)}/join`, body);
    const member = await call('carol', 'GET', `/rooms/${id(room)}/state/m.room.member/${id(testUser('carol').userId)}`);
    expect(member.body).toEqual({ membership: 'join', 'org.example.why': 'curious' });
  });

  it('knows of no members before the first event of a room', async () => {
    const room = await newRoom();
    expect(events(await call('alice', 'GET', `/rooms/${id(room)}/members?at=h0_0`))).toEqual([]);
    expect(events(await call('alice', 'GET', `/rooms/${id(room)}/members`))).toHaveLength(1);
  });

  it('knows the paths of r0', async () => {
    const room = await newRoom();
    expect((await call('alice', 'GET', `/rooms/${id(room)}/joined_members`, undefined, 'r0')).status).toBe(200);
    expect((await call('dave', 'GET', `/rooms/${id(room)}/joined_members`, undefined, 'r0')).status).toBe(403);
  });

  it("lists threads, the one with the newest answer first, page by page, and those with one's own answers", async () => {
    const room = await newRoom();
    await call('bob', 'POST', `/join/${id(room)}`, {});
    const roots = [await send('alice', room, text('first')), await send('alice', room, text('second'))] as const;
    const answer = (user: string, root: string) =>
      send(user, room, { ...text('answer'), 'm.relates_to': { rel_type: 'm.thread', event_id: root } });
    await answer('alice', roots[1]);
    await answer('bob', roots[0]);
    const threads = (user: string, query = '') =>
      call(user, 'GET', `/rooms/${id(room)}/threads${query}`, undefined, 'v1');
    const ids = (page: Answer) => events(page).map((event) => event['event_id']);
    expect(ids(await threads('alice'))).toEqual([roots[0], roots[1]]);
    expect(ids(await threads('bob', '?include=participated'))).toEqual([roots[0]]);
    const first = await threads('alice', '?limit=1');
    const second = await threads('alice', `?limit=1&from=${textOf(first, 'next_batch')}`);
    expect([ids(first), ids(second)]).toEqual([[roots[0]], [roots[1]]]);
    await answer('alice', roots[1]);
    expect(ids(await threads('alice'))).toEqual([roots[1], roots[0]]);
    expect((await threads('dave')).status).toBe(403);
  });
});
