// Accounts that an administrator locks or suspends: who may, what they can still do, and that it holds at once, for everybody who acts as
// them, until it is taken back.
// https://spec.matrix.org/v1.19/client-server-api/#account-moderation
import { createHmac } from 'node:crypto';
import { endpoints, beeperEndpoints, ghostEndpoints } from '@pons/spec/endpoints';
import { request } from '@pons/testkit/requests';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closedWhileSuspended } from '../../src/http/restricted-calls.ts';
import { answered, ghost, type RegistryHouse, registryHouse, v3 } from '../application-service/registry-house.ts';

const enc = encodeURIComponent;
interface Person {
  readonly userId: string;
  readonly token: string;
}
let house: RegistryHouse;
let other: RegistryHouse;
let serial = 0;

beforeAll(async () => {
  house = await registryHouse({ registrations: { irc: {}, puppets: { pons: { double_puppet: true } } } });
  other = await registryHouse({ beside: house });
});
afterAll(async () => {
  await other.stop();
  await house.stop();
});

const call = <T = Record<string, unknown>>(token: string, method: string, path: string, body?: unknown) =>
  request<T>(house.base, method, path, { token, ...(body === undefined ? {} : { body }) });
const passwordOf = ({ userId }: Person) => `password of ${userId.slice(1, userId.indexOf(':'))}`;
const person = () => house.person(`person${(serial += 1)}`);
type Kind = 'lock' | 'suspend';
const member = { lock: 'locked', suspend: 'suspended' } as const;
const path = (kind: Kind, userId: string) => `/_matrix/client/v1/admin/${kind}/${enc(userId)}`;
const set = (kind: Kind, userId: string, on: boolean, token = house.admin) =>
  call(token, 'PUT', path(kind, userId), { [member[kind]]: on });
const get = (kind: Kind, userId: string, token = house.admin) => call(token, 'GET', path(kind, userId));
const whoAmI = (token: string, base = house.base, query = '') =>
  answered(request(base, 'GET', `${v3}/account/whoami${query}`, { token }), 'user_id');
async function room(token: string, body: object = {}): Promise<string> {
  return String((await call(token, 'POST', `${v3}/createRoom`, { preset: 'public_chat', ...body }))['room_id']);
}
async function say(token: string, roomId: string, query = ''): Promise<string> {
  const where = `${v3}/rooms/${enc(roomId)}/send/m.room.message/${(serial += 1)}${query}`;
  return answered(call(token, 'PUT', where, { body: 'x' }), 'event_id');
}
async function adminNamed(username: string): Promise<Person> {
  const where = '/_synapse/admin/v1/register';
  const { nonce } = await request<{ nonce: string }>(house.base, 'GET', where);
  const mac = createHmac('sha1', 'secret').update([nonce, username, 'pw', 'admin'].join('\0')).digest('hex');
  const body = { nonce, username, password: 'pw', admin: true, mac };
  const made = await request<{ user_id: string; access_token: string }>(house.base, 'POST', where, { body });
  return { userId: made.user_id, token: made.access_token };
}

describe.each(['lock', 'suspend'] as const)('PUT /admin/%s', (kind) => {
  it('takes it, says so, and gives it back', async () => {
    const { userId } = await person();
    expect(await get(kind, userId)).toEqual({ [member[kind]]: false });
    expect(await set(kind, userId, true)).toEqual({ [member[kind]]: true });
    expect(await get(kind, userId)).toEqual({ [member[kind]]: true });
    const left = kind === 'lock' ? 'suspend' : 'lock';
    expect(await get(left, userId)).toEqual({ [member[left]]: false });
    expect(await set(kind, userId, false)).toEqual({ [member[kind]]: false });
    expect(await get(kind, userId)).toEqual({ [member[kind]]: false });
  });

  it('is for administrators, who are told apart before anybody is looked up', async () => {
    const [alice, bob] = [await person(), await person()];
    for (const target of [bob.userId, '@nobody:localhost', '@x:elsewhere.example', 'no id']) {
      expect(await answered(set(kind, target, true, alice.token))).toBe('403 M_FORBIDDEN');
      expect(await answered(get(kind, target, alice.token))).toBe('403 M_FORBIDDEN');
      expect(await answered(set(kind, target, true, 'as-irc'))).toBe('403 M_FORBIDDEN');
    }
    expect(await get(kind, bob.userId)).toEqual({ [member[kind]]: false });
  });

  it('is refused about users of other servers, nobody, those who have ended, oneself and other administrators', async () => {
    const ended = await person();
    const auth = {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: ended.userId },
      password: 'password',
    };
    await call(ended.token, 'POST', `${v3}/account/deactivate`, { auth }).catch(() => undefined);
    await house.database.db.query({
      name: `moderation.ended.${kind}`,
      text: `update users set deactivated_ts = 1 where user_id = '${ended.userId}'`,
    });
    const second = await adminNamed(`admin-${kind}`);
    const cases = [
      ['@x:elsewhere.example', '400 M_INVALID_PARAM', '400 M_INVALID_PARAM'],
      ['no id', '400 M_INVALID_PARAM', '400 M_INVALID_PARAM'],
      ['@nobody:localhost', '404 M_NOT_FOUND', '404 M_NOT_FOUND'],
      [ended.userId, '404 M_NOT_FOUND', '404 M_NOT_FOUND'],
      [second.userId, '403 M_FORBIDDEN', '403 M_FORBIDDEN'],
      ['@root:localhost', '403 M_FORBIDDEN', 'ok'],
    ] as const;
    for (const [target, setting, getting] of cases) {
      expect([target, await answered(set(kind, target, true))]).toEqual([target, setting]);
      expect([target, await answered(get(kind, target))]).toEqual([target, getting]);
    }
    // By another administrator, one whom the configuration names.
    expect(await answered(set(kind, '@root:localhost', true, second.token))).toBe('403 M_FORBIDDEN');
  });

  it.each([[{}], [{ [member[kind]]: 'true' }], [{ [member[kind]]: null }]])(
    'is refused with the body %j',
    async (body) => {
      const { userId } = await person();
      expect(await answered(call(house.admin, 'PUT', path(kind, userId), body))).toMatch(
        /^400 M_(MISSING_PARAM|BAD_JSON)$/,
      );
    },
  );

  it('is announced to administrators alone', async () => {
    const of = async (token: string) =>
      (await call<{ capabilities: object }>(token, 'GET', `${v3}/capabilities`)).capabilities;
    expect(await of(house.admin)).toMatchObject({ 'm.account_moderation': { suspend: true, lock: true } });
    expect(await of((await person()).token)).not.toHaveProperty(['m.account_moderation']);
    expect(await of('as-irc')).not.toHaveProperty(['m.account_moderation']);
  });

  it('holds in every process', async () => {
    const alice = await person();
    const roomId = await room(alice.token);
    const there = () =>
      answered(
        request(other.base, 'PUT', `${v3}/rooms/${enc(roomId)}/send/m.room.message/${(serial += 1)}`, {
          token: alice.token,
          body: { body: 'x' },
        }),
      );
    expect(await there()).toBe('ok');
    await set(kind, alice.userId, true);
    await expect.poll(there).toBe(kind === 'lock' ? '401 M_USER_LOCKED' : '403 M_USER_SUSPENDED');
    await set(kind, alice.userId, false);
    await expect.poll(there).toBe('ok');
  });

  it('outlives a restart', async () => {
    const alice = await person();
    await set(kind, alice.userId, true);
    await house.restart();
    expect(await get(kind, alice.userId)).toEqual({ [member[kind]]: true });
    const { users } = await call<{ users: { user_id: string }[] }>(house.admin, 'GET', '/_pons/admin/v1/users');
    const listed = users.find(({ user_id: userId }) => userId === alice.userId);
    expect(listed).toMatchObject({ locked: kind === 'lock', suspended: kind === 'suspend' });
    expect(await whoAmI(alice.token)).toBe(kind === 'lock' ? '401 M_USER_LOCKED' : alice.userId);
  });
});

describe('a locked account', () => {
  it('is answered 401 with soft_logout whatever it calls, and goes on with the same token once it is unlocked', async () => {
    const alice = await person();
    await set('lock', alice.userId, true);
    for (const [method, where, body] of [
      ['GET', `${v3}/sync`, undefined],
      ['GET', `${v3}/joined_rooms`, undefined],
      ['GET', '/_matrix/client/versions', undefined],
      ['POST', `${v3}/createRoom`, {}],
      ['POST', `${v3}/account/deactivate`, {}],
      ['DELETE', `${v3}/devices/none`, {}],
    ] as const) {
      const answer = await fetch(`${house.base}${where}`, {
        method,
        headers: { authorization: `Bearer ${alice.token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      expect(answer.status).toBe(401);
      expect(await answer.json()).toMatchObject({ errcode: 'M_USER_LOCKED', soft_logout: true });
    }
    await set('lock', alice.userId, false);
    expect(await whoAmI(alice.token)).toBe(alice.userId);
  });

  it('logs out, and neither logs in again nor gets new tokens until it is unlocked', async () => {
    const alice = await person();
    const identifier = { type: 'm.id.user', user: alice.userId };
    const login = { type: 'm.login.password', identifier, password: passwordOf(alice), refresh_token: true };
    const logIn = (body: object = login) => request(house.base, 'POST', `${v3}/login`, { body });
    const made = await logIn();
    const refresh = () =>
      request(house.base, 'POST', `${v3}/refresh`, { body: { refresh_token: made['refresh_token'] } });
    await set('lock', alice.userId, true);
    expect(await answered(logIn())).toBe('401 M_USER_LOCKED');
    expect(await answered(logIn({ ...login, password: 'wrong' }))).toBe('403 M_FORBIDDEN');
    expect(await answered(refresh())).toBe('401 M_USER_LOCKED');
    expect(await answered(call(alice.token, 'POST', `${v3}/logout`, {}))).toBe('ok');
    expect(await whoAmI(alice.token)).toBe('401 M_UNKNOWN_TOKEN');
    expect(await answered(call(String(made['access_token']), 'POST', `${v3}/logout/all`, {}))).toBe('ok');
    await set('lock', alice.userId, false);
    expect(await answered(logIn())).toBe('ok');
  });
});

describe('a suspended account', () => {
  it('may not speak, join, invite, name itself or others, or take back what others said', async () => {
    const [alice, bob] = [await person(), await person()];
    const [own, foreign] = [await room(alice.token), await room(bob.token)];
    await call(bob.token, 'POST', `${v3}/join/${enc(own)}`, {});
    const said = await say(bob.token, own);
    await set('suspend', alice.userId, true);
    const inRoom = `${v3}/rooms/${enc(own)}`;
    const state = `${inRoom}/state/m.room.member/${enc(alice.userId)}`;
    for (const [method, where, body] of [
      ['PUT', `${inRoom}/send/m.room.message/1`, { body: 'x' }],
      ['PUT', `${inRoom}/send/m.reaction/2`, {}],
      ['PUT', `${inRoom}/state/m.room.topic`, { topic: 'x' }],
      ['PUT', state, { membership: 'join', displayname: 'x' }],
      ['PUT', `${inRoom}/redact/${enc(said)}/3`, {}],
      ['PUT', `${inRoom}/redact/${enc(`$${'a'.repeat(43)}`)}/4`, {}],
      ['PUT', `${inRoom}/send/m.room.redaction/5`, { redacts: said }],
      ['POST', `${v3}/join/${enc(foreign)}`, {}],
      ['POST', `${v3}/rooms/${enc(foreign)}/join`, {}],
      ['POST', `${v3}/knock/${enc(foreign)}`, {}],
      ['POST', `${inRoom}/invite`, { user_id: '@x:localhost' }],
      ['POST', `${inRoom}/kick`, { user_id: bob.userId }],
      ['POST', `${inRoom}/ban`, { user_id: bob.userId }],
      ['POST', `${v3}/createRoom`, {}],
      ['POST', `${inRoom}/upgrade`, { new_version: '11' }],
      ['PUT', `${v3}/profile/${enc(alice.userId)}/displayname`, { displayname: 'x' }],
      ['PUT', `${v3}/profile/${enc(alice.userId)}/m.tz`, { 'm.tz': 'Europe/Rome' }],
      ['DELETE', `${v3}/profile/${enc(alice.userId)}/avatar_url`, undefined],
      ['PUT', `${v3}/directory/room/${enc('#x:localhost')}`, { room_id: own }],
      ['POST', '/_matrix/media/v1/create', {}],
    ] as const) {
      expect([where, await answered(call(alice.token, method, where, body))]).toEqual([where, '403 M_USER_SUSPENDED']);
    }
    await set('suspend', alice.userId, false);
    expect(await say(alice.token, own)).toMatch(/^\$/);
  });

  it('may read, leave, refuse invitations, take back what it said, and look after its devices', async () => {
    const [alice, bob] = [await person(), await person()];
    const [left, stateLeft, invited] = [await room(bob.token), await room(bob.token), await room(bob.token)];
    for (const roomId of [left, stateLeft]) await call(alice.token, 'POST', `${v3}/join/${enc(roomId)}`, {});
    const [mine, another] = [await say(alice.token, left), await say(alice.token, left)];
    await set('suspend', alice.userId, true);
    await call(bob.token, 'POST', `${v3}/rooms/${enc(invited)}/invite`, { user_id: alice.userId });
    const inRoom = `${v3}/rooms/${enc(left)}`;
    const me = enc(alice.userId);
    for (const [method, where, body] of [
      ['GET', `${v3}/sync?timeout=0`, undefined],
      ['GET', `${inRoom}/messages?dir=b`, undefined],
      ['PUT', `${inRoom}/redact/${enc(mine)}/1`, {}],
      ['PUT', `${inRoom}/send/m.room.redaction/2`, { redacts: another }],
      ['POST', `${inRoom}/receipt/m.read/${enc(another)}`, {}],
      ['POST', `${inRoom}/leave`, {}],
      ['POST', `${v3}/rooms/${enc(invited)}/leave`, {}],
      ['PUT', `${v3}/rooms/${enc(stateLeft)}/state/m.room.member/${me}`, { membership: 'leave' }],
      ['PUT', `${v3}/sendToDevice/m.key.verification.request/3`, { messages: {} }],
      ['POST', `${v3}/keys/upload`, {}],
      ['POST', `${v3}/room_keys/version`, { algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2', auth_data: {} }],
      ['GET', `${v3}/devices`, undefined],
    ] as const) {
      expect([where, await answered(call(alice.token, method, where, body))]).toEqual([where, 'ok']);
    }
    const identifier = { type: 'm.id.user', user: alice.userId };
    const login = { type: 'm.login.password', identifier, password: passwordOf(alice) };
    const session = await request<{ access_token: string }>(house.base, 'POST', `${v3}/login`, { body: login });
    expect(await answered(call(session.access_token, 'POST', `${v3}/createRoom`, {}))).toBe('403 M_USER_SUSPENDED');
    expect(await answered(call(session.access_token, 'POST', `${v3}/logout`, {}))).toBe('ok');
  });

  it('is closed out of operations that exist', () => {
    const known = [endpoints, beeperEndpoints, ghostEndpoints].flatMap((list) =>
      Object.values(list).map(({ operation }) => operation),
    );
    expect([...closedWhileSuspended].filter((operation) => !known.includes(operation as never))).toEqual([]);
  });
});

describe('a person who lets a bridge speak for them', () => {
  it('is locked and suspended there too', async () => {
    const alice = await person();
    const roomId = await room(alice.token);
    await call(alice.token, 'PUT', '/_pons/client/v1/appservice/consent/puppets', {});
    const asAlice = `?user_id=${enc(alice.userId)}`;
    expect(await say('as-puppets', roomId, asAlice)).toMatch(/^\$/);
    await set('suspend', alice.userId, true);
    expect(await say('as-puppets', roomId, asAlice)).toBe('403 M_USER_SUSPENDED');
    await set('lock', alice.userId, true);
    expect(await say('as-puppets', roomId, asAlice)).toBe('401 M_USER_LOCKED');
    await set('lock', alice.userId, false);
    await set('suspend', alice.userId, false);
    expect(await say('as-puppets', roomId, asAlice)).toMatch(/^\$/);
  });
});

describe('a ghost of an application service', () => {
  const asGhost = (userId: string) => `?user_id=${enc(userId)}`;
  const ghosts = (list: unknown) =>
    call<{ errors: { user: string; errcode: string }[]; joined: number; named: number }>(
      'as-irc',
      'POST',
      '/_pons/client/v1/appservice/ghosts',
      { ghosts: list },
    );

  it('that is locked is nobody its service can act as, and all its others go on', async () => {
    const [one, two] = [await ghost(house.base, 'as-irc', '_irc_one'), await ghost(house.base, 'as-irc', '_irc_two')];
    expect(await whoAmI('as-irc', house.base, asGhost(one))).toBe(one);
    await set('lock', one, true);
    expect(await whoAmI('as-irc', house.base, asGhost(one))).toBe('401 M_USER_LOCKED');
    expect(await whoAmI('as-irc', house.base, asGhost(two))).toBe(two);
    expect(await whoAmI('as-irc')).toBe('@_irc_bot:localhost');
    const identifier = { type: 'm.id.user', user: one };
    const login = { type: 'm.login.application_service', identifier };
    expect(await answered(call('as-irc', 'POST', `${v3}/login`, login))).toBe('401 M_USER_LOCKED');
    await set('lock', one, false);
    expect(await whoAmI('as-irc', house.base, asGhost(one))).toBe(one);
  });

  it('that is suspended reads and leaves, and says nothing by any way that its service has', async () => {
    const userId = await ghost(house.base, 'as-irc', '_irc_hushed');
    const roomId = await room('as-irc');
    await call('as-irc', 'POST', `${v3}/join/${enc(roomId)}${asGhost(userId)}`, {});
    const said = await say('as-irc', roomId, asGhost(userId));
    const fresh = await room('as-irc');
    await set('suspend', userId, true);
    expect(await say('as-irc', roomId, asGhost(userId))).toBe('403 M_USER_SUSPENDED');
    expect(await say('as-irc', roomId)).toMatch(/^\$/);
    const batch = `/_matrix/client/unstable/com.beeper.backfill/rooms/${enc(roomId)}/batch_send`;
    const events = [{ type: 'm.room.message', sender: userId, content: {}, origin_server_ts: 1 }];
    expect(await answered(call('as-irc', 'POST', batch, { events }))).toBe('403 M_USER_SUSPENDED');
    expect(await ghosts([{ user_id: userId, displayname: 'Loud', rooms: [fresh] }])).toMatchObject({
      joined: 0,
      named: 0,
      errors: [{ user: userId, errcode: 'M_USER_SUSPENDED' }],
    });
    // What looked it up in bulk does not make its service forget.
    expect(await say('as-irc', roomId, asGhost(userId))).toBe('403 M_USER_SUSPENDED');
    const made = await room('as-irc', { 'com.beeper.initial_members': [userId] });
    const { content } = (
      await call<{ type: string; state_key: string; content: { membership: string } }[]>(
        'as-irc',
        'GET',
        `${v3}/rooms/${enc(made)}/state`,
      )
    ).find(({ state_key: key }) => key === userId) ?? { content: undefined };
    expect(content?.membership).toBe('invite');
    const messages = `${v3}/rooms/${enc(roomId)}/messages${asGhost(userId)}&dir=b`;
    expect(await answered(call('as-irc', 'GET', messages))).toBe('ok');
    const redact = `${v3}/rooms/${enc(roomId)}/redact/${enc(said)}/1${asGhost(userId)}`;
    expect(await answered(call('as-irc', 'PUT', redact, {}))).toBe('ok');
    expect(await answered(call('as-irc', 'POST', `${v3}/rooms/${enc(roomId)}/leave${asGhost(userId)}`, {}))).toBe('ok');
  });

  it('that is locked is refused in bulk as well, by an answer that ends no session of the service', async () => {
    const userId = await ghost(house.base, 'as-irc', '_irc_shut');
    const roomId = await room('as-irc');
    await set('lock', userId, true);
    const batch = `/_matrix/client/unstable/com.beeper.backfill/rooms/${enc(roomId)}/batch_send`;
    const events = [{ type: 'm.room.message', sender: userId, content: {}, origin_server_ts: 1 }];
    expect(await answered(call('as-irc', 'POST', batch, { events }))).toBe('403 M_USER_LOCKED');
    expect((await ghosts([{ user_id: userId, rooms: [roomId] }])).errors).toMatchObject([
      { user: userId, errcode: 'M_USER_LOCKED' },
    ]);
  });
});
