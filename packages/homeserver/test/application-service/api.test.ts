// The application-service API of a whole homeserver, over HTTP on both sides: acting as ghosts, queries, ping, third-party networks, the
// operators' view.
// https://spec.matrix.org/v1.19/application-service-api/#client-server-api-extensions
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppserviceDouble } from '@pons/testkit/appservice';
import { type TestDatabase, testDatabase } from '@pons/testkit/database';
import { registerUser, request, RequestError } from '@pons/testkit/requests';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { configFrom, createHomeserver, type Homeserver, silentLog } from '../../src/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-as-api-'));
const irc = new AppserviceDouble();
const v3 = '/_matrix/client/v3';
let database: TestDatabase;
let homeserver: Homeserver;
let base = '';
let alice: Awaited<ReturnType<typeof registerUser>>;
let admin: string;

function registration(id: string, url: string | null, more: object = {}): string {
  return JSON.stringify({
    id,
    url,
    as_token: `as-${id}`,
    hs_token: `hs-${id}`,
    sender_localpart: `_${id}_bot`,
    rate_limited: false,
    protocols: ['irc', 'xmpp'],
    namespaces: {
      users: [{ exclusive: true, regex: `@_${id}_.*` }],
      aliases: [{ exclusive: true, regex: `#_${id}_.*` }],
    },
    ...more,
  });
}

beforeAll(async () => {
  database = await testDatabase();
  writeFileSync(join(folder, 'irc.yaml'), registration('irc', await irc.listen()));
  writeFileSync(join(folder, 'quiet.yaml'), registration('quiet', null, { protocols: [] }));
  writeFileSync(
    join(folder, 'away.yaml'),
    registration('away', 'http://127.0.0.1:9', { pons: { bot_reads_all: true } }),
  );
  writeFileSync(
    join(folder, 'wide.yaml'),
    registration('wide', null, {
      'io.element.msc4190': true,
      protocols: [],
      namespaces: { users: [{ exclusive: false, regex: '@.*' }] },
    }),
  );
  writeFileSync(join(folder, 'broken.yaml'), 'id: [');
  const config = configFrom(
    {
      server_name: 'localhost',
      database: database.url,
      data_dir: './data',
      listeners: [{ bind: '127.0.0.1', port: 0 }],
      appservices: {
        files: ['irc.yaml', 'quiet.yaml', 'away.yaml', 'wide.yaml', 'broken.yaml'],
        request_timeout_ms: 3_000,
      },
      accounts: { registration: { mode: 'open', shared_secret: 'secret' }, password_cost: 'low' },
      admin: { users: ['@root:localhost'] },
    },
    folder,
  );
  homeserver = await createHomeserver(config, { log: silentLog });
  const [listener] = await homeserver.listen();
  base = listener?.url ?? '';
  await homeserver.ensureAccount({ localpart: 'root', password: 'pw', admin: true });
  const identifier = { type: 'm.id.user', user: 'root' };
  const login = { type: 'm.login.password', identifier, password: 'pw' };
  admin = (await request<{ access_token: string }>(base, 'POST', `${v3}/login`, { body: login })).access_token;
  alice = await registerUser(base, 'alice');
  for (const name of ['_irc_one', '_irc_two']) await registerGhost(name);
});
afterAll(async () => {
  await homeserver.stop();
  await irc.close();
  await database.drop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  irc.mode = 'ok';
  irc.judge = () => undefined;
});

const as = (method: string, path: string, options: { token?: string; body?: unknown } = {}) =>
  request(base, method, path, { token: 'as-irc', ...options });
const acting = (user: string) => `user_id=${encodeURIComponent(`@_irc_${user}:localhost`)}`;
const registerGhost = (username: string, token = 'as-irc') =>
  as('POST', `${v3}/register`, { token, body: { type: 'm.login.application_service', username, inhibit_login: true } });
async function refusal(asking: Promise<unknown>): Promise<string> {
  const error = await asking.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  return error instanceof RequestError ? `${error.status} ${error.errcode}` : `no refusal: ${String(error)}`;
}

describe('a ghost', () => {
  it('is registered, joins, speaks at a time of its own, and what people say reaches the service', async () => {
    await registerGhost('_irc_bob');
    expect(await as('GET', `${v3}/account/whoami?${acting('bob')}`)).toMatchObject({ user_id: '@_irc_bob:localhost' });
    expect(await as('GET', `${v3}/account/whoami`)).toMatchObject({ user_id: '@_irc_bot:localhost' });
    const { room_id } = await as('POST', `${v3}/createRoom?${acting('bob')}`, { body: { preset: 'public_chat' } });
    const room = encodeURIComponent(String(room_id));
    await request(base, 'POST', `${v3}/join/${room}`, { token: alice.token, body: {} });
    const body = { msgtype: 'm.text', body: 'from the past' };
    const sent = await as('PUT', `${v3}/rooms/${room}/send/m.room.message/t1?${acting('bob')}&ts=1234`, { body });
    const again = await as('PUT', `${v3}/rooms/${room}/send/m.room.message/t1?${acting('bob')}&ts=1234`, { body });
    expect(again).toEqual(sent);
    const event = await request(
      base,
      'GET',
      `${v3}/rooms/${room}/event/${encodeURIComponent(String(sent['event_id']))}`,
      {
        token: alice.token,
      },
    );
    expect(event).toMatchObject({ origin_server_ts: 1234, sender: '@_irc_bob:localhost' });
    await request(base, 'PUT', `${v3}/rooms/${room}/send/m.room.message/t1`, {
      token: alice.token,
      body: { msgtype: 'm.text', body: 'hi' },
    });
    await irc.until(() => irc.events.some(({ content }) => content['body'] === 'hi'));
    const seen = irc.events.filter((one) => one.room_id === room_id);
    expect(seen[0]).toMatchObject({ type: 'm.room.create', state_key: '' });
    expect(seen.filter(({ content }) => content['body'] === 'from the past')).toHaveLength(1);
  });

  it.each([
    ['outside the namespace', 'user_id=@alice:localhost', '403 M_FORBIDDEN'],
    ['that is not registered', acting('nobody'), '403 M_FORBIDDEN'],
    ['of another server', 'user_id=@_irc_bob:elsewhere.example', '403 M_FORBIDDEN'],
    ['with a device of nobody', `${acting('bob')}&device_id=NOPE`, '400 M_UNKNOWN_DEVICE'],
  ])('cannot be one %s', async (_, query, expected) => {
    expect(await refusal(as('GET', `${v3}/account/whoami?${query}`))).toBe(expected);
  });

  it('is made by its own service only', async () => {
    expect(await refusal(registerGhost('alice2'))).toBe('400 M_EXCLUSIVE');
    expect(await refusal(registerGhost('_irc_x', 'as-quiet'))).toBe('400 M_EXCLUSIVE');
    expect(await refusal(registerUser(base, '_irc_human'))).toBe('400 M_EXCLUSIVE');
    expect(await refusal(registerUser(base, '_irc_bot'))).toBe('400 M_EXCLUSIVE');
    expect(await refusal(registerGhost('_irc_x', 'hs-irc'))).toBe('401 M_UNKNOWN_TOKEN');
  });

  it('is nobody any more once its account has ended', async () => {
    await registerGhost('_irc_gone');
    await as('GET', `${v3}/account/whoami?${acting('gone')}`);
    await as('POST', `${v3}/account/deactivate?${acting('gone')}`, { body: {} });
    expect(await refusal(as('GET', `${v3}/account/whoami?${acting('gone')}`))).toMatch(/^403/);
  });
});

describe('an identity', () => {
  const whoami = (query: string, token = 'as-irc') => as('GET', `${v3}/account/whoami?${query}`, { token });

  it.each([
    ['user_id=@:localhost', '403 M_FORBIDDEN'],
    ['user_id=', '403 M_FORBIDDEN'],
    ['user_id=@_irc_bot:localhost:8448', '403 M_FORBIDDEN'],
    ['user_id=_irc_bot', '403 M_FORBIDDEN'],
    ['device_id=NOPE', '400 M_UNKNOWN_DEVICE'],
    ['org.matrix.msc3202.device_id=NOPE', '400 M_UNKNOWN_DEVICE'],
  ])('%s is refused', async (query, expected) => {
    expect(await refusal(whoami(query))).toBe(expected);
    expect(await refusal(whoami(query, 'as-wide'))).toBe(expected);
  });

  it('may be a device of the sender, or of a ghost, under both names, made without a login and gone without a password', async () => {
    await registerGhost('_irc_dev');
    for (const [who, user] of [
      ['', '@_irc_bot:localhost'],
      [`${acting('dev')}&`, '@_irc_dev:localhost'],
    ]) {
      await as('PUT', `${v3}/devices/BRIDGE?${who}`, { body: { display_name: 'bridge' } });
      for (const name of ['device_id', 'org.matrix.msc3202.device_id'])
        expect(await whoami(`${who}${name}=BRIDGE`)).toMatchObject({ user_id: user, device_id: 'BRIDGE' });
      expect(await as('DELETE', `${v3}/devices/BRIDGE?${who}`, { body: {} })).toEqual({});
      expect(await refusal(whoami(`${who}device_id=BRIDGE`))).toBe('400 M_UNKNOWN_DEVICE');
    }
  });

  it('has transaction ids of its own, and so has each of its devices', async () => {
    const { room_id } = await as('POST', `${v3}/createRoom?${acting('one')}`, { body: { preset: 'public_chat' } });
    const room = encodeURIComponent(String(room_id));
    await as('POST', `${v3}/join/${room}?${acting('two')}`, { body: {} });
    await as('PUT', `${v3}/devices/A?${acting('one')}`, { body: {} });
    const send = async (who: string) =>
      (await as('PUT', `${v3}/rooms/${room}/send/m.room.message/T1?${who}`, { body: { body: who } }))['event_id'];
    const all = [await send(acting('one')), await send(acting('two')), await send(`${acting('one')}&device_id=A`)];
    expect(new Set(all).size).toBe(3);
    expect([await send(acting('one')), await send(acting('two')), await send(`${acting('one')}&device_id=A`)]).toEqual(
      all,
    );
  });

  it('sends at a time of its own, only when that is one, and people at no time but now', async () => {
    const { room_id } = await as('POST', `${v3}/createRoom?${acting('one')}`, { body: { preset: 'public_chat' } });
    const room = encodeURIComponent(String(room_id));
    await request(base, 'POST', `${v3}/join/${room}`, { token: alice.token, body: {} });
    const state = (ts: string, token = 'as-irc', who = `${acting('one')}&`) =>
      as('PUT', `${v3}/rooms/${room}/state/org.example.thing/${ts}?${who}ts=${ts}`, { token, body: {} });
    const timeOf = async (id: unknown) =>
      (await as('GET', `${v3}/rooms/${room}/event/${encodeURIComponent(String(id))}?${acting('one')}`))[
        'origin_server_ts'
      ];
    expect(await timeOf((await state('1234'))['event_id'])).toBe(1234);
    for (const bad of ['abc', '-1', '1.5', '9007199254740993', '1e3', ''])
      expect([bad, await refusal(state(bad))]).toEqual([bad, '400 M_INVALID_PARAM']);
    const said = await request(base, 'PUT', `${v3}/rooms/${room}/send/m.room.message/now?ts=1`, {
      token: alice.token,
      body: {},
    });
    expect(await timeOf(said['event_id'])).toBeGreaterThan(1_600_000_000_000);
    const ignored = await request(base, 'PUT', `${v3}/rooms/${room}/send/m.room.message/now2?ts=abc`, {
      token: alice.token,
      body: {},
    });
    expect(await timeOf(ignored['event_id'])).toBeGreaterThan(1_600_000_000_000);
  });

  it('syncs, as the sender and as a ghost', async () => {
    for (const who of ['', acting('one')]) {
      const { next_batch } = await as('GET', `${v3}/sync?${who}`);
      expect(await as('GET', `${v3}/sync?since=${String(next_batch)}&${who}`)).toHaveProperty('next_batch');
    }
  });

  it('listens by the endpoints from before /sync, as the sender and as a ghost', async () => {
    for (const [who, user] of [
      ['', '@_irc_bot:localhost'],
      [acting('one'), '@_irc_one:localhost'],
    ]) {
      const { room_id } = await as('POST', `${v3}/createRoom?${who}`, { body: { name: 'old', preset: 'public_chat' } });
      const room = encodeURIComponent(String(room_id));
      const { end, rooms } = await as('GET', `${v3}/initialSync?limit=2&${who}`);
      const found = (rooms as { room_id: string }[]).find((one) => one.room_id === room_id);
      expect(found).toMatchObject({ membership: 'join', messages: { chunk: [{}, { type: 'm.room.name' }] } });
      expect((found as unknown as { state: unknown[] }).state).toContainEqual(
        expect.objectContaining({ type: 'm.room.member', state_key: user }),
      );
      expect(await as('GET', `${v3}/rooms/${room}/initialSync?${who}`)).toMatchObject({ room_id, membership: 'join' });
      expect(await refusal(as('GET', `${v3}/rooms/!no:localhost/initialSync?${who}`))).toBe('403 M_FORBIDDEN');
      const invited = await request(base, 'POST', `${v3}/createRoom`, { token: alice.token, body: { invite: [user] } });
      await as('PUT', `${v3}/rooms/${room}/send/m.room.message/old?${who}`, { body: { body: 'news' } });
      const news = await as('GET', `${v3}/events?from=${String(end)}&timeout=10000&${who}`);
      expect(news).toMatchObject({ start: end });
      const chunk = news['chunk'] as { room_id: string }[];
      expect(chunk).toContainEqual(expect.objectContaining({ room_id, content: { body: 'news' } }));
      expect(chunk).toContainEqual(
        expect.objectContaining({ room_id: invited['room_id'], type: 'm.room.member', state_key: user }),
      );
      const only = await as('GET', `${v3}/events?from=${String(end)}&room_id=${room}&${who}`);
      expect((only['chunk'] as { room_id: string }[]).every((event) => event.room_id === room_id)).toBe(true);
      expect(await as('GET', `${v3}/events?timeout=0&${who}`)).toMatchObject({ chunk: [] });
    }
  });

  it('sees the members of a room that any other of its users is in', async () => {
    const { room_id } = await as('POST', `${v3}/createRoom?${acting('one')}`, { body: {} });
    const members = `${v3}/rooms/${encodeURIComponent(String(room_id))}/joined_members`;
    expect(Object.keys((await as('GET', members))['joined'] as object)).toEqual(['@_irc_one:localhost']);
    expect(await refusal(as('GET', members, { token: 'as-away' }))).toBe('403 M_FORBIDDEN');
    expect(await refusal(as('GET', members, { token: alice.token }))).toBe('403 M_FORBIDDEN');
  });
});

describe('the sender of a service whose registration says bot_reads_all', () => {
  it('reads the rooms that its ghosts are in as they do, and no others; it does not write there', async () => {
    await registerGhost('_away_g', 'as-away');
    const ghost = `user_id=${encodeURIComponent('@_away_g:localhost')}`;
    const away = { token: 'as-away' };
    const { room_id } = await as('POST', `${v3}/createRoom?${ghost}`, { ...away, body: { name: 'secret' } });
    const room = encodeURIComponent(String(room_id));
    for (const read of ['state', 'state/m.room.name/', 'members', 'messages?dir=b', 'joined_members'])
      await as('GET', `${v3}/rooms/${room}/${read}`, away);
    expect(await as('GET', `${v3}/rooms/${room}/state/m.room.name/`, away)).toEqual({ name: 'secret' });
    const send = as('PUT', `${v3}/rooms/${room}/send/m.room.message/1`, { ...away, body: {} });
    expect(await refusal(send)).toBe('403 M_FORBIDDEN');
    expect(await refusal(as('GET', `${v3}/rooms/${room}/state`))).toBe('403 M_FORBIDDEN');
    await as('POST', `${v3}/rooms/${room}/leave?${ghost}`, { ...away, body: {} });
    expect(await refusal(as('GET', `${v3}/rooms/${room}/state`, away))).toBe('403 M_FORBIDDEN');
  });
});

describe('a login', () => {
  const login = (user: string, token?: string) =>
    request(base, 'POST', `${v3}/login`, {
      ...(token === undefined ? {} : { token }),
      body: { type: 'm.login.application_service', identifier: { type: 'm.id.user', user } },
    });
  const register = (username: string, token?: string, more: object = { inhibit_login: true }) =>
    request(base, 'POST', `${v3}/register`, {
      ...(token === undefined ? {} : { token }),
      body: { type: 'm.login.application_service', username, ...more },
    });

  it('opens a session for a registered ghost, and register for a new one', async () => {
    const made = await register('_irc_in', 'as-irc', { device_id: 'D1' });
    expect(made).toMatchObject({
      user_id: '@_irc_in:localhost',
      device_id: 'D1',
      access_token: expect.any(String) as string,
    });
    const { access_token } = await login('_irc_in', 'as-irc');
    expect(await request(base, 'GET', `${v3}/account/whoami`, { token: String(access_token) })).toMatchObject({
      user_id: '@_irc_in:localhost',
    });
    const { flows } = await request<{ flows: unknown[] }>(base, 'GET', `${v3}/login`);
    expect(flows).toContainEqual({ type: 'm.login.application_service' });
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['without a token', () => login('_irc_in'), '401 M_MISSING_TOKEN'],
    ['with an unknown token', () => login('_irc_in', 'nope'), '401 M_UNKNOWN_TOKEN'],
    ['with a token of a person', () => login('_irc_in', alice.token), '401 M_UNKNOWN_TOKEN'],
    ['outside the namespace', () => login('alice', 'as-irc'), '400 M_EXCLUSIVE'],
    ['of another service', () => login('_irc_in', 'as-away'), '400 M_EXCLUSIVE'],
    ['of nobody', () => login('_irc_nobody', 'as-irc'), '403 M_FORBIDDEN'],
    ['of who makes devices itself', () => login('_wide_bot', 'as-wide'), '400 M_APPSERVICE_LOGIN_UNSUPPORTED'],
    ['by registering without a token', () => register('_irc_y'), '401 M_MISSING_TOKEN'],
    ['by registering with an unknown token', () => register('_irc_y', 'nope'), '401 M_UNKNOWN_TOKEN'],
    ['by registering with a token of a person', () => register('_irc_y', alice.token), '401 M_UNKNOWN_TOKEN'],
    ['by registering outside', () => register('bob', 'as-irc'), '400 M_EXCLUSIVE'],
    ['by registering with capitals', () => register('_irc_Y', 'as-irc'), '400 M_INVALID_USERNAME'],
    ['by registering without a name', () => register('', 'as-irc'), '400 M_INVALID_USERNAME'],
    ['by registering twice', () => register('_irc_in', 'as-irc'), '400 M_USER_IN_USE'],
    ['by registering', () => register('_wide_z', 'as-wide', {}), '400 M_APPSERVICE_LOGIN_UNSUPPORTED'],
  ])('%s is refused', async (_, asked, expected) => {
    expect(await refusal(asked())).toBe(expected);
  });
});

describe('an alias', () => {
  const put = (alias: string, room: unknown, token = 'as-irc') =>
    request(base, 'PUT', `${v3}/directory/room/${encodeURIComponent(alias)}`, { token, body: { room_id: room } });
  const remove = (alias: string, token = 'as-irc') =>
    request(base, 'DELETE', `${v3}/directory/room/${encodeURIComponent(alias)}`, { token });

  it('of a namespace is given and taken back by its service, and by nobody else', async () => {
    const { room_id } = await request(base, 'POST', `${v3}/createRoom`, { token: alice.token, body: {} });
    expect(await refusal(put('#_irc_a:localhost', room_id, alice.token))).toBe('400 M_EXCLUSIVE');
    expect(await refusal(put('#_irc_a:localhost', room_id, 'as-away'))).toBe('400 M_EXCLUSIVE');
    expect(await refusal(put('#alices:localhost', room_id))).toBe('400 M_EXCLUSIVE');
    expect(await put('#_irc_a:localhost', room_id)).toEqual({});
    expect(await refusal(put('#_irc_a:localhost', room_id))).toBe('409 M_UNKNOWN');
    // Alice may do everything in her room but this.
    expect(await refusal(remove('#_irc_a:localhost', alice.token))).toBe('400 M_EXCLUSIVE');
    expect(await refusal(remove('#_irc_a:localhost', 'as-away'))).toBe('400 M_EXCLUSIVE');
    expect(await remove('#_irc_a:localhost')).toEqual({});
    await put('#alices:localhost', room_id, alice.token);
    expect(await refusal(remove('#alices:localhost'))).toBe('403 M_FORBIDDEN');
    expect(await remove('#alices:localhost', alice.token)).toEqual({});
  });
});

describe('an alias that names nothing yet', () => {
  const resolve = (alias: string) =>
    request(base, 'GET', `${v3}/directory/room/${encodeURIComponent(alias)}`, { token: alice.token });

  it('is made by its application service when somebody asks', async () => {
    let asks = 0;
    irc.judge = ({ method, path }) => {
      if (method !== 'GET' || !path.startsWith('/_matrix/app/v1/rooms/')) return undefined;
      if (asks++ > 0) return 'hang'; // it is asked again
      void as('POST', `${v3}/createRoom`, { body: { room_alias_name: '_irc_made', preset: 'public_chat' } }).then(() =>
        made(),
      );
      return 'hang';
    };
    let made = () => {};
    const isMade = new Promise<void>((resolved) => {
      made = resolved;
    });
    const asked = resolve('#_irc_made:localhost');
    await isMade;
    expect(await refusal(asked)).toBe('408 M_UNKNOWN');
    irc.judge = () => undefined;
    expect(await resolve('#_irc_made:localhost')).toMatchObject({ servers: ['localhost'] });
  });

  it('is unknown when the service says so, asked once by many', async () => {
    irc.judge = ({ path }) => (path.includes('/rooms/') ? 404 : undefined);
    const before = irc.requests.length;
    const all = await Promise.all(Array.from({ length: 20 }, () => refusal(resolve('#_irc_none:localhost'))));
    expect(new Set(all)).toEqual(new Set(['404 M_NOT_FOUND']));
    expect(irc.requests.slice(before).filter(({ path }) => path.startsWith('/_matrix/app/v1/rooms/'))).toHaveLength(1);
  });

  it('cannot be made by a service outside its namespaces', async () => {
    const body = { room_alias_name: 'elsewhere' };
    expect(await refusal(as('POST', `${v3}/createRoom`, { body }))).toBe('400 M_EXCLUSIVE');
  });

  it('cannot be taken by people', async () => {
    const body = { room_alias_name: '_irc_stolen' };
    expect(await refusal(request(base, 'POST', `${v3}/createRoom`, { token: alice.token, body }))).toBe(
      '400 M_EXCLUSIVE',
    );
  });
});

describe('a ping', () => {
  const ping = (id: string, token: string) =>
    request(base, 'POST', `/_matrix/client/v1/appservice/${id}/ping`, { token, body: { transaction_id: 'meow' } });

  it('goes to the service and comes back with the time it took', async () => {
    expect(await ping('irc', 'as-irc')).toEqual({ duration_ms: expect.any(Number) as number });
    expect(irc.requests.at(-1)).toMatchObject({
      path: '/_matrix/app/v1/ping',
      token: 'hs-irc',
      body: '{"transaction_id":"meow"}',
    });
  });

  it.each([
    ['another service', 'quiet', 'as-irc', 'ok' as const, '403 M_FORBIDDEN'],
    ['without a url', 'quiet', 'as-quiet', 'ok' as const, '400 M_URL_NOT_SET'],
    ['where nothing listens', 'away', 'as-away', 'ok' as const, '502 M_CONNECTION_FAILED'],
    ['that is closed on', 'irc', 'as-irc', 'down' as const, '502 M_CONNECTION_FAILED'],
    ['that is refused', 'irc', 'as-irc', 500, '502 M_BAD_STATUS'],
    ['that is redirected', 'irc', 'as-irc', 302, '502 M_BAD_STATUS'],
    ['that is never answered', 'irc', 'as-irc', 'hang' as const, '504 M_CONNECTION_TIMEOUT'],
  ])('%s: %s %s %s gives %s', async (_, id, token, mode, expected) => {
    irc.mode = mode;
    expect(await refusal(ping(id, token))).toBe(expected);
  });

  it('by a user is refused', async () => {
    expect(await refusal(ping('irc', alice.token))).toBe('403 M_FORBIDDEN');
  });
});

describe('third-party networks', () => {
  const get = (path: string) => request<unknown>(base, 'GET', `${v3}/thirdparty/${path}`, { token: alice.token });
  const protocol = {
    user_fields: ['nick'],
    location_fields: ['channel'],
    icon: 'mxc://localhost/icon',
    field_types: { nick: { regexp: '.*', placeholder: 'nick' } },
    instances: [{ network_id: 'libera', desc: 'Libera', fields: { network: 'libera' } }],
  };

  it('are those of the services that answer, and their lookups', async () => {
    irc.answers.set('/_matrix/app/v1/thirdparty/protocol/irc', protocol);
    irc.answers.set('/_matrix/app/v1/thirdparty/user/irc', [
      { userid: '@_irc_bob:localhost', protocol: 'irc', fields: { nick: 'bob' } },
      'nonsense',
    ]);
    irc.answers.set('/_matrix/app/v1/thirdparty/location', [
      { alias: '#_irc_c:localhost', protocol: 'irc', fields: {} },
    ]);
    const instance = { ...protocol.instances[0], instance_id: 'irc|libera' };
    expect(await get('protocols')).toEqual({ irc: { ...protocol, instances: [instance] } });
    expect(await get('protocol/irc')).toEqual({ ...protocol, instances: [instance] });
    expect(await get('user/irc?nick=bob')).toHaveLength(1);
    expect(irc.requests.some(({ path }) => path === '/_matrix/app/v1/thirdparty/user/irc?nick=bob')).toBe(true);
    expect(await get('location?alias=%23_irc_c%3Alocalhost')).toHaveLength(1);
    expect(await refusal(get('protocol/nope'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(get('user/nope'))).toBe('404 M_NOT_FOUND');
  });

  it('are told apart from those of which whoever serves them says nothing usable', async () => {
    irc.answers.set('/_matrix/app/v1/thirdparty/protocol/xmpp', { nonsense: true });
    await expect(get('protocol/xmpp')).rejects.toThrow(/says nothing of it that can be used/);
    await expect(get('protocol/nope')).rejects.toThrow(/No application service serves that protocol/);
  });

  it('that hold nothing of the kind answer 404', async () => {
    irc.answers.set('/_matrix/app/v1/thirdparty/user/irc', []);
    irc.answers.set('/_matrix/app/v1/thirdparty/location/irc', ['nonsense']);
    irc.answers.set('/_matrix/app/v1/thirdparty/user', []);
    const paths = [
      'user/irc?nick=nobody',
      'location/irc?channel=none',
      'user?userid=%40_irc_nobody%3Alocalhost',
      'user?userid=%40alice%3Alocalhost',
      'location?alias=%23other%3Alocalhost',
    ];
    for (const path of paths) expect([path, await refusal(get(path))]).toEqual([path, '404 M_NOT_FOUND']);
  });
});

describe('operators', () => {
  const call = (method: string, path: string, token = admin) =>
    request<Record<string, unknown>>(base, method, `/_pons/admin/v1/appservices${path}`, {
      token,
      ...(method === 'POST' ? { body: {} } : {}),
    });

  it('see each service, pause one and let it go on', async () => {
    const { appservices } = (await call('GET', '')) as { appservices: { id: string }[] };
    expect(appservices.map(({ id }) => id)).toEqual(['irc', 'quiet', 'away', 'wide']);
    await call('POST', '/irc/pause');
    expect(await call('GET', '/irc')).toMatchObject({
      status: 'paused',
      queue_depth: 0,
      set_aside: 0,
      last_error: null,
    });
    const before = irc.transactions.length;
    await as('POST', `${v3}/createRoom`, { body: {} });
    await call('GET', '/irc');
    expect(irc.transactions).toHaveLength(before);
    await call('POST', '/irc/resume');
    await irc.until(() => irc.transactions.length > before);
    expect(await call('GET', '/irc/set_aside')).toEqual({ set_aside: [] });
    expect(await call('POST', '/irc/set_aside/replay')).toEqual({ replaying: 0 });
    expect(await refusal(call('GET', '/nobody'))).toBe('404 M_NOT_FOUND');
    // It may connect by itself one day, and what happens from its registration on waits for that.
    expect(await call('GET', '/quiet')).toMatchObject({ status: 'disconnected', queue_depth: 0 });
    for (const [way, status] of [
      ['pause', 'paused'],
      ['resume', 'disconnected'],
    ]) {
      expect(await call('POST', `/quiet/${way}`)).toEqual({});
      expect(await call('GET', '/quiet')).toMatchObject({ status });
    }
    expect(await refusal(call('GET', '', alice.token))).toBe('403 M_FORBIDDEN');
  });

  it('see what was set aside without what people wrote', async () => {
    const { room_id: room } = await as('POST', `${v3}/createRoom`, { body: {} });
    irc.judge = ({ body }) => (body.includes('a secret of people') ? 413 : undefined);
    const path = `${v3}/rooms/${encodeURIComponent(String(room))}/send/m.room.message/secret`;
    await as('PUT', path, { body: { msgtype: 'm.text', body: 'a secret of people' } });
    const aside = async () => (await call('GET', '/irc/set_aside'))['set_aside'] as { event: object; reason: string }[];
    await expect.poll(async () => (await aside()).length).toBe(1);
    const [one] = await aside();
    expect(one?.event).toMatchObject({ room_id: room, content: { msgtype: 'm.text', body: '… 18 characters' } });
    expect(one?.reason).toBe('answered 413');
    irc.judge = () => undefined;
    await call('POST', '/irc/set_aside/replay');
    await expect.poll(aside).toEqual([]);
  });

  it('find a room listed for a network only when it exists', async () => {
    const { room_id } = await as('POST', `${v3}/createRoom`, { body: { name: 'of the network' } });
    const list = (room: string, visibility: string) =>
      as('PUT', `${v3}/directory/list/appservice/irc/${encodeURIComponent(room)}`, { body: { visibility } });
    const found = async (more: object) => {
      const body = { filter: { generic_search_term: 'of the network' }, ...more };
      const page = await request(base, 'POST', `${v3}/publicRooms`, { token: alice.token, body });
      return (page['chunk'] as { room_id: string }[]).map((one) => one.room_id);
    };
    expect(await list(String(room_id), 'public')).toEqual({});
    expect(await found({ third_party_instance_id: 'irc|irc' })).toEqual([room_id]);
    expect(await found({ third_party_instance_id: 'irc|other' })).toEqual([]);
    expect(await found({ include_all_networks: true })).toEqual([room_id]);
    expect(await found({})).toEqual([]);
    expect(await refusal(found({ include_all_networks: true, third_party_instance_id: 'irc|irc' }))).toMatch(/^400/);
    expect(await list(String(room_id), 'private')).toEqual({});
    expect(await found({ include_all_networks: true })).toEqual([]);
    expect(await refusal(list('!no:localhost', 'public'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(list(String(room_id), 'bogus'))).toMatch(/^400/);
  });
});
