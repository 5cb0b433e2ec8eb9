// Backups of room keys: versions, which key of two is kept, what counts and what is refused; messages to devices and presence over HTTP.
// https://spec.matrix.org/v1.19/client-server-api/#server-side-key-backups
import type { JsonObject } from '@pons/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KeyServers, keyServers, type Person, refusal, type SyncBody } from './keys-fixture.ts';

let servers: KeyServers;
beforeAll(async () => {
  servers = await keyServers(2);
});
afterAll(() => servers.end());

const algorithm = 'm.megolm_backup.v1.curve25519-aes-sha2';
const backup = { algorithm, auth_data: { public_key: 'abc', signatures: {} } };
const key = (index: number, forwarded = 0, verified = false) => ({
  first_message_index: index,
  forwarded_count: forwarded,
  is_verified: verified,
  session_data: { index },
});

/** What one person asks of their backups. */
function backupsOf({ token }: Person) {
  const ask = (method: string) => (where: string, body?: object) =>
    servers.call<JsonObject>(method, `/room_keys${where}`, { token, ...(body === undefined ? {} : { body }) });
  const [get, put, post, remove] = [ask('GET'), ask('PUT'), ask('POST'), ask('DELETE')];
  const create = async () => (await post('/version', backup))['version'] as string;
  return { get, put, remove, post, create };
}

describe('backups of room keys', () => {
  it('are numbered, the newest one is current, and a deleted number is never given again', async () => {
    const { get, put, remove, create } = backupsOf(await servers.person('alice'));
    expect(await refusal(get('/version'))).toBe('404 M_NOT_FOUND');
    expect([await create(), await create()]).toEqual(['1', '2']);
    expect(await get('/version')).toEqual({ ...backup, version: '2', count: 0, etag: '0' });
    expect(await get('/version/1')).toMatchObject({ version: '1' });
    await put('/version/2', { ...backup, auth_data: { public_key: 'new' } });
    expect(await get('/version/2')).toMatchObject({ auth_data: { public_key: 'new' } });
    await remove('/version/2');
    await remove('/version/2');
    expect(await refusal(remove('/version/9'))).toBe('404 M_NOT_FOUND');
    expect(await get('/version')).toMatchObject({ version: '1' });
    expect(await refusal(get('/version/2'))).toBe('404 M_NOT_FOUND');
    expect(await create()).toBe('3');
  });

  it('keep keys by room and session, and answer how many and which state', async () => {
    const { get, put, remove, create } = backupsOf(await servers.person('alice'));
    const v = `version=${await create()}`;
    const one = await put(`/keys/${encodeURIComponent('!a:x')}/s1?${v}`, key(1));
    expect(one).toEqual({ count: 1, etag: '1' });
    expect(await put(`/keys/${encodeURIComponent('!a:x')}?${v}`, { sessions: { s2: key(2) } })).toMatchObject({
      count: 2,
    });
    const rooms = { '!b:x': { sessions: { s3: key(3), __proto__x: key(4) } } };
    expect(await put(`/keys?${v}`, { rooms })).toMatchObject({ count: 4 });
    expect(await get(`/keys?${v}`)).toEqual({ rooms: { '!a:x': { sessions: { s1: key(1), s2: key(2) } }, ...rooms } });
    expect(await get(`/keys/${encodeURIComponent('!b:x')}?${v}`)).toEqual(rooms['!b:x']);
    expect(await get(`/keys/${encodeURIComponent('!a:x')}/s2?${v}`)).toEqual(key(2));
    expect(await get(`/keys/${encodeURIComponent('!none:x')}?${v}`)).toEqual({ sessions: {} });
    expect(await refusal(get(`/keys/${encodeURIComponent('!a:x')}/s9?${v}`))).toBe('404 M_NOT_FOUND');
    expect(await remove(`/keys/${encodeURIComponent('!a:x')}/s2?${v}`)).toMatchObject({ count: 3 });
    expect(await remove(`/keys/${encodeURIComponent('!b:x')}?${v}`)).toMatchObject({ count: 1 });
    expect(await remove(`/keys?${v}`)).toMatchObject({ count: 0 });
  });

  const better: [claim: string, before: object, after: object, isKept: boolean][] = [
    ['a verified one replaces one that is not', key(1), key(9, 9, true), false],
    ['one that is not verified never replaces one that is', key(9, 9, true), key(1), true],
    ['one that reads from earlier on replaces a later one', key(5), key(4, 9), false],
    ['a later one does not', key(4, 9), key(5), true],
    ['fewer hands win when all else is equal', key(5, 2), key(5, 1), false],
    ['the same again changes nothing', key(5, 2), key(5, 2), true],
  ];
  it.each(better)('of two keys for one session: %s', async (_claim, before, after, isKept) => {
    const { get, put, create } = backupsOf(await servers.person('alice'));
    const where = `/keys/${encodeURIComponent('!a:x')}/s?version=${await create()}`;
    const first = await put(where, before);
    const second = await put(where, after);
    expect(await get(where)).toEqual(isKept ? before : after);
    expect([second['count'], second['etag'] === first['etag']]).toEqual([1, isKept]);
  });

  it('take keys in the current version alone and say which that is', async () => {
    const { put, create } = backupsOf(await servers.person('alice'));
    expect(await refusal(put('/keys?version=1', { rooms: {} }))).toBe('404 M_NOT_FOUND');
    await create();
    await create();
    expect(await refusal(put('/keys?version=1', { rooms: {} }))).toBe('403 M_WRONG_ROOM_KEYS_VERSION');
  });

  it('count right when two processes store at once', async () => {
    const alice = await servers.person('alice');
    const version = await backupsOf(alice).create();
    const store = (n: number) =>
      servers.call('PUT', `/room_keys/keys/${encodeURIComponent('!a:x')}/s${n % 10}?version=${version}`, {
        token: alice.token,
        body: key(n),
        process: n % 2,
      });
    await Promise.all(Array.from({ length: 30 }, (_, n) => store(n)));
    expect(await backupsOf(alice).get('/version')).toMatchObject({ count: 10 });
  });

  const put = (body: unknown) => ['PUT', '/keys/!a:x/s?version=1', body] as const;
  const refused: [claim: string, method: string, where: string, body: unknown, expected: string][] = [
    ['a backup without an algorithm', 'POST', '/version', { auth_data: {} }, '400 M_MISSING_PARAM'],
    ['an algorithm that is no text', 'POST', '/version', { ...backup, algorithm: 7 }, '400 M_BAD_JSON'],
    ['auth_data that is no object', 'POST', '/version', { ...backup, auth_data: [] }, '400 M_BAD_JSON'],
    [
      'auth_data of 100 KB',
      'POST',
      '/version',
      { ...backup, auth_data: { x: 'x'.repeat(100_000) } },
      '413 M_TOO_LARGE',
    ],
    ['another algorithm later', 'PUT', '/version/1', { ...backup, algorithm: 'm.bogus' }, '400 M_INVALID_PARAM'],
    ['another version in the body', 'PUT', '/version/1', { ...backup, version: '2' }, '400 M_INVALID_PARAM'],
    ['a version that is none', 'PUT', '/version/01', backup, '404 M_NOT_FOUND'],
    ['no version', 'PUT', '/keys', { rooms: {} }, '400 M_MISSING_PARAM'],
    ['a key without its index', ...put({ ...key(1), first_message_index: undefined }), '400 M_MISSING_PARAM'],
    ['an index below nothing', ...put(key(-1)), '400 M_BAD_JSON'],
    ['a key of 100 KB', ...put({ ...key(1), session_data: { x: 'x'.repeat(100_000) } }), '413 M_TOO_LARGE'],
    ['sessions that are no object', 'PUT', '/keys/!a:x?version=1', { sessions: [] }, '400 M_BAD_JSON'],
    ['a room without sessions', 'PUT', '/keys?version=1', { rooms: { '!a:x': {} } }, '400 M_BAD_JSON'],
    ['U+0000 in a session', 'PUT', '/keys/!a:x?version=1', { sessions: { '\0': key(1) } }, '400 M_INVALID_PARAM'],
    ['reading a version that is none', 'GET', '/keys?version=bogus', undefined, '404 M_NOT_FOUND'],
    ['deleting of a version that is none', 'DELETE', '/keys?version=2', undefined, '404 M_NOT_FOUND'],
  ];
  it.each(refused)('refuse %s: %s %s', async (_claim, method, where, body, expected) => {
    const alice = await servers.person('alice');
    await backupsOf(alice).create();
    const asked = servers.call(method, `/room_keys${where}`, {
      token: alice.token,
      ...(body === undefined ? {} : { body }),
    });
    expect(await refusal(asked)).toBe(expected);
  });

  it('are nobody else’s', async () => {
    const [alice, bob] = [backupsOf(await servers.person('alice')), backupsOf(await servers.person('bob'))];
    const version = await alice.create();
    await alice.put(`/keys/x/s?version=${version}`, key(1));
    await bob.create();
    expect(await bob.get(`/keys?version=${version}`)).toEqual({ rooms: {} });
  });
});

describe('messages to devices', () => {
  const sync = (person: Person, since?: string, process = 0) =>
    servers.call<SyncBody>('GET', `/sync${since === undefined ? '' : `?since=${since}`}`, {
      token: person.token,
      process,
    });
  const send = (by: Person, txnId: string, messages: object, process = 0) =>
    servers.call('PUT', `/sendToDevice/m.test/${txnId}`, { token: by.token, body: { messages }, process });
  const logIn = async (user: Person) => {
    const session = await servers.call<{ user_id: string; access_token: string; device_id: string }>('POST', '/login', {
      body: {
        type: 'm.login.password',
        identifier: { type: 'm.id.user', user: user.userId },
        password: 'correct horse',
      },
    });
    return { userId: session.user_id, token: session.access_token, deviceId: session.device_id };
  };

  it('come once to each device named or to all, in order, whatever the process, until the next token acknowledges them', async () => {
    const [alice, phone] = [await servers.person('alice'), await servers.person('bob')];
    const laptop = await logIn(phone);
    await send(alice, '1', { [phone.userId]: { '*': { n: 1 } } });
    for (const process of [0, 1]) await send(alice, '2', { [phone.userId]: { [phone.deviceId]: { n: 2 } } }, process);
    await send(alice, '3', { [phone.userId]: { GONE: { n: 3 } }, '@far:elsewhere.example': { D: {} } });
    const event = (n: number) => ({ type: 'm.test', sender: alice.userId, content: { n } });
    const first = await sync(phone);
    expect(first.to_device?.events).toEqual([event(1), event(2)]);
    expect((await sync(phone, undefined, 1)).to_device?.events).toEqual([event(1), event(2)]);
    const second = await sync(phone, first.next_batch);
    expect(second.to_device).toBeUndefined();
    expect((await sync(phone)).to_device).toBeUndefined();
    expect((await sync(laptop)).to_device?.events).toEqual([event(1)]);
  });

  it('come a hundred at a time', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    await Promise.all(Array.from({ length: 130 }, (_, n) => send(alice, `m${n}`, { [bob.userId]: { '*': { n } } })));
    const first = await sync(bob);
    const second = await sync(bob, first.next_batch);
    expect([first.to_device?.events.length, second.to_device?.events.length]).toEqual([100, 30]);
  });
});

describe('presence', () => {
  const sync = (person: Person, more: string, process = 0) =>
    servers.call<SyncBody>('GET', `/sync?${more}`, { token: person.token, process, timeoutMs: 70_000 });
  const set = (person: Person, body: object, process = 0) =>
    servers.call('PUT', `/presence/${person.userId}/status`, { token: person.token, body, process });
  const get = (viewer: Person, of: string, process = 0) =>
    servers.call('GET', `/presence/${of}/status`, { token: viewer.token, process });

  it('is told to those who share a room, in other processes too, and to nobody else', async () => {
    const [alice, bob, carol] = [
      await servers.person('alice'),
      await servers.person('bob'),
      await servers.person('carol'),
    ];
    const { room_id: roomId } = await servers.call<{ room_id: string }>('POST', '/createRoom', {
      token: alice.token,
      body: { preset: 'public_chat' },
    });
    await servers.call('POST', `/join/${roomId}`, { token: bob.token, body: {} });
    const { next_batch: since } = await sync(alice, 'set_presence=offline', 1);
    const waiting = sync(alice, `since=${since}&timeout=60000&set_presence=offline`, 1);
    await set(carol, { presence: 'online' });
    await set(bob, { presence: 'unavailable', status_msg: 'tea' });
    const { presence } = await waiting;
    expect(presence?.events).toMatchObject([
      { type: 'm.presence', sender: bob.userId, content: { presence: 'unavailable', status_msg: 'tea' } },
    ]);
    await expect.poll(() => get(alice, bob.userId, 1)).toMatchObject({ presence: 'unavailable', status_msg: 'tea' });
    expect(await refusal(get(alice, carol.userId))).toBe('403 M_FORBIDDEN');
    expect((await sync(alice, 'set_presence=offline')).presence?.events.map(({ sender }) => sender)).toEqual([
      bob.userId,
    ]);
    const filter = encodeURIComponent(JSON.stringify({ presence: { not_types: ['m.presence'] } }));
    expect((await sync(alice, `filter=${filter}&set_presence=offline`)).presence).toBeUndefined();
  });

  it('comes from syncing unless the client says otherwise; ghosts are noted only when their application service says so', async () => {
    const [alice, bob] = [await servers.person('alice'), await servers.person('bob')];
    await sync(alice, 'set_presence=offline');
    expect(await get(alice, alice.userId)).toEqual({ presence: 'offline' });
    await sync(alice, 'set_presence=unavailable');
    expect(await get(alice, alice.userId)).toMatchObject({ presence: 'unavailable' });
    await sync(bob, '');
    expect(await get(bob, bob.userId)).toMatchObject({
      presence: 'online',
      last_active_ago: expect.any(Number) as number,
    });
    const { asToken: token } = servers;
    const body = { type: 'm.login.application_service', username: '_irc_quiet', inhibit_login: true };
    await servers.call('POST', '/register', { token, body });
    const ghost = '@_irc_quiet:localhost';
    const as = `user_id=${ghost}`;
    await servers.call('GET', `/sync?${as}`, { token });
    expect(await servers.call('GET', `/presence/${ghost}/status?${as}`, { token })).toEqual({ presence: 'offline' });
    await servers.call('PUT', `/presence/${ghost}/status?${as}`, { token, body: { presence: 'online' } });
    expect(await servers.call('GET', `/presence/${ghost}/status?${as}`, { token })).toMatchObject({
      presence: 'online',
    });
  });
});
