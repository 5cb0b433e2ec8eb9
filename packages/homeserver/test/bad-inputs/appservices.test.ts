// The entries of the catalogue about application services that need a situation of their own, or say what has to be true besides the
// status: a service that refuses or hangs, a thousand calls in a row, registrations to be loaded. The rest are in bad-inputs.test.ts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AppserviceDouble } from '@pons/testkit/appservice';
import { type TestDatabase, testDatabase } from '@pons/testkit/database';
import { registerUser, request, RequestError } from '@pons/testkit/requests';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  checkRegistrations,
  configFrom,
  createHomeserver,
  type Homeserver,
  silentLog,
  systemClock,
} from '../../src/index.ts';

interface Entry {
  readonly id: string;
  readonly area: string;
  readonly name: string;
  readonly needs?: string;
  readonly then?: string;
  readonly status: readonly number[];
  readonly errcode?: string;
}
const all = JSON.parse(readFileSync(path.join(import.meta.dirname, 'bad-inputs.json'), 'utf8')) as Entry[];
const entry = (id: string) => {
  const found = all.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no entry ${id}`);
  return found;
};
const expected = ({ status, errcode = '' }: Entry) => `${status[0]} ${errcode}`;

const v3 = '/_matrix/client/v3';
const dir = mkdtempSync(path.join(tmpdir(), 'pons-bad-as-'));
const irc = new AppserviceDouble();
// Refuses with a body of a megabyte.
const broken = http.createServer((_, response) => {
  response.writeHead(500, { 'content-type': 'text/plain' });
  response.end('x'.repeat(1_048_576));
});
let database: TestDatabase;
let homeserver: Homeserver;
let base = '';
let alice: Awaited<ReturnType<typeof registerUser>>;
let room = '';

function registration(id: string, url: string | null, users: string, more: object = {}): Record<string, unknown> {
  return {
    id,
    url,
    as_token: `as-token-of-${id}`,
    hs_token: `hs-token-of-${id}`,
    sender_localpart: `_${id}_bot`,
    rate_limited: false,
    namespaces: { users: [{ exclusive: true, regex: users }] },
    ...more,
  };
}
const write = (name: string, value: object) => writeFileSync(path.join(dir, `${name}.yaml`), JSON.stringify(value));

beforeAll(async () => {
  database = await testDatabase();
  await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
  const brokenUrl = `http://127.0.0.1:${(broken.address() as AddressInfo).port}`;
  write('irc', registration('irc', await irc.listen(), '@_irc_.*'));
  write('broken', registration('broken', brokenUrl, '@_broken_.*'));
  write('devices', registration('devices', null, '@_devices_.*', { 'io.element.msc4190': true }));
  write('inner', registration('inner', null, '@_irc_net_.*'));
  const config = configFrom(
    {
      server_name: 'localhost',
      database: database.url,
      data_dir: './data',
      listeners: [{ bind: '127.0.0.1', port: 0 }],
      appservices: {
        files: ['irc.yaml', 'broken.yaml', 'devices.yaml', 'inner.yaml'],
        request_timeout_ms: 1_000,
      },
      accounts: { registration: { mode: 'open', shared_secret: 'secret' }, password_cost: 'low' },
    },
    dir,
  );
  homeserver = await createHomeserver(config, { log: silentLog });
  base = (await homeserver.listen())[0]?.url ?? '';
  alice = await registerUser(base, 'alice');
  for (const name of ['one', 'two']) await register(`_irc_${name}`);
  const made = await as('POST', `/createRoom?${acting('one')}`, { preset: 'public_chat' });
  room = encodeURIComponent(String(made['room_id']));
  await as('POST', `/join/${room}?${acting('two')}`, {});
  await request(base, 'POST', `${v3}/join/${room}`, { token: alice.token, body: {} });
});
afterAll(async () => {
  await homeserver.stop();
  await irc.close();
  broken.closeAllConnections();
  broken.close();
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

const as = (method: string, where: string, body?: unknown, token = 'as-token-of-irc') =>
  request(base, method, `${v3}${where}`, { token, ...(body === undefined ? {} : { body }) });
const acting = (user: string) => `user_id=${encodeURIComponent(`@_irc_${user}:localhost`)}`;
const register = (username: string, token?: string, more: object = { inhibit_login: true }) =>
  as('POST', '/register', { type: 'm.login.application_service', username, ...more }, token);
const ping = (id: string) =>
  request(base, 'POST', `/_matrix/client/v1/appservice/${id}/ping`, { token: `as-token-of-${id}`, body: {} });
async function refusal(asking: Promise<unknown>): Promise<string> {
  const error: unknown = await asking.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  return error instanceof RequestError ? `${error.status} ${error.errcode}` : `no refusal: ${String(error)}`;
}
const timeOf = async (event: unknown) =>
  (await as('GET', `/rooms/${room}/event/${encodeURIComponent(String(event))}?${acting('one')}`))['origin_server_ts'];

const cases: Record<string, () => Promise<void>> = {
  'BI-241': async () => {
    const { user_id } = await as('GET', `/account/whoami?${acting('one')}`, undefined, alice.token);
    expect(user_id).toBe('@alice:localhost');
  },
  'BI-246': async () => {
    expect(await as('GET', '/sync')).toHaveProperty('next_batch');
  },
  // A service whose registration says that it makes devices itself finds this server as one that opens no sessions for it.
  'BI-257': async () => {
    expect(await refusal(register('_devices_b', 'as-token-of-devices', {}))).toBe(expected(entry('BI-257')));
  },
  'BI-260': async () => {
    const body = {
      type: 'm.login.application_service',
      identifier: { type: 'm.id.user', user: '_devices_bot' },
    };
    expect(await refusal(as('POST', '/login', body, 'as-token-of-devices'))).toBe(expected(entry('BI-260')));
  },
  'BI-268': async () => {
    const response = await fetch(`${base}/_matrix/client/v1/appservice/broken/ping`, {
      method: 'POST',
      headers: { authorization: 'Bearer as-token-of-broken' },
      body: '{}',
    });
    const answer = (await response.json()) as { errcode: string; status: number; body: string };
    expect(`${response.status} ${answer.errcode}`).toBe(expected(entry('BI-268')));
    expect(answer.status).toBe(500);
    expect(answer.body).toMatch(/^x{10,10000}$/);
  },
  'BI-270': async () => {
    irc.mode = 'hang';
    expect(await refusal(ping('irc'))).toBe(expected(entry('BI-270')));
    irc.mode = 'ok';
  },
  'BI-274': async () => {
    const send = `/rooms/${room}/send/m.room.message/274?ts=1`;
    const { event_id } = await as('PUT', send, { msgtype: 'm.text', body: 'x' }, alice.token);
    expect(await timeOf(event_id)).toBeGreaterThan(systemClock.now() - 600_000);
  },
  'BI-275': async () => {
    const send = (who: string) =>
      as('PUT', `/rooms/${room}/send/m.room.message/T1?${acting(who)}`, { msgtype: 'm.text', body: who });
    expect((await send('one'))['event_id']).not.toBe((await send('two'))['event_id']);
  },
  'BI-278': async () => {
    for (let from = 0; from < 1000; from += 50)
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          as('PUT', `/rooms/${room}/send/m.room.message/many${from + index}?${acting('one')}`, {
            msgtype: 'm.text',
            body: 'x',
          }),
        ),
      );
  },
  'BI-282': async () => {
    write('new', registration('new', null, '^@(a+)+$'));
    const { loaded, complaints, warnings } = await load();
    expect([loaded, complaints]).toEqual([['irc', 'new'], []]);
    const warned = warnings.filter(({ id, reason }) => id === 'new' && reason.includes('(a+)+'));
    expect(warned.map(({ reason }) => reason).join('\n')).toMatch(/Synapse/);
  },
  'BI-288': async () => {
    write('new', registration('new', null, '.*'));
    const { loaded, complaints } = await load();
    expect(loaded).toEqual(['irc']);
    expect(complaints).toMatchObject([
      { file: path.join(dir, 'new.yaml'), line: 1, path: 'namespaces.users[0].regex' },
    ]);
  },
  'BI-289': async () => {
    write('new', { ...registration('new', null, '@_new_.*'), hs_token: 'as-token-of-new' });
    const { loaded, complaints } = await load();
    expect(loaded).toEqual(['irc']);
    expect(complaints).toMatchObject([{ file: path.join(dir, 'new.yaml'), line: 1, path: 'hs_token' }]);
  },
  'BI-290': async () => {
    write('new', registration('new', null, '@_irc_net_.*'));
    const { loaded, complaints, warnings } = await load();
    expect([loaded, complaints]).toEqual([['irc', 'new'], []]);
    const overlap = warnings.find(
      ({ id, other }) => [id, other?.id].includes('irc') && [id, other?.id].includes('new'),
    );
    expect(overlap?.sample).toMatch(/^@_irc_net_/);
    const sample = overlap?.sample?.slice(1).split(':')[0] ?? '';
    for (const token of ['as-token-of-irc', 'as-token-of-inner'])
      expect(await refusal(register(sample, token))).toBe('400 M_EXCLUSIVE');
  },
};
const load = () =>
  checkRegistrations('localhost', { files: ['irc.yaml', 'new.yaml'].map((name) => path.join(dir, name)) }, systemClock);

describe('bad inputs: application services', () => {
  test.each(Object.entries(cases).map(([id, check]) => [`${id} ${entry(id).name}`, check] as const))(
    '%s',
    async (_, check) => check(),
  );

  test('of every entry that needs a situation or says more than a status, one is here', () => {
    const more = all.filter(({ area, needs, then }) => /^as-(cs|registration)$/.test(area) && (needs ?? then));
    expect(more.map(({ id }) => id)).toEqual(Object.keys(cases));
  });
});
