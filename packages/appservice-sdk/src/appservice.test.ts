// The listener over real HTTP: what a homeserver sends it, rightly and wrongly, and what a restart in between changes.

import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppserviceHttpError } from 'matrix-appservice';
import { afterAll, afterEach, expect, test } from 'vitest';
import { AppService, type AppServiceOptions } from './appservice.ts';
import type { MatrixEvent } from './receive/transaction.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-appservice-'));
afterAll(() => rmSync(folder, { recursive: true }));

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const running: AppService[] = [];
afterEach(async () => {
  for (const appservice of running.splice(0)) await appservice.close();
});
let files = 0;

async function start(
  options: AppServiceOptions = {},
  prepare: (appservice: AppService) => void = () => undefined,
): Promise<AppService> {
  const appservice = new AppService({
    homeserverToken: 'hs',
    store: join(folder, `${files++}.sqlite`),
    log: quiet,
    ...options,
  });
  prepare(appservice);
  await appservice.listen(0, '127.0.0.1');
  running.push(appservice);
  return appservice;
}

interface Asked {
  method?: string;
  token?: string | null;
  body?: unknown;
}

async function ask(
  appservice: AppService,
  path: string,
  asked: Asked = {},
): Promise<{ status: number; body: unknown }> {
  const { method = 'PUT', token = 'hs', body } = asked;
  const response = await fetch(`http://127.0.0.1:${appservice.port}${path}`, {
    method,
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
}

const event = (id: string): object => ({
  type: 'm.room.message',
  event_id: id,
  room_id: '!r',
  sender: '@a:x',
  content: { body: id },
});
const TXN = '/_matrix/app/v1/transactions/1';

function recorder(): { seen: string[]; prepare: (appservice: AppService) => void } {
  const seen: string[] = [];
  return {
    seen,
    prepare: (appservice) => void appservice.on('event', (heard: MatrixEvent) => seen.push(heard.event_id)),
  };
}

test('a transaction sent again, at once or after a restart, reaches the listeners once', async () => {
  const store = join(folder, 'restart.sqlite');
  const { seen, prepare } = recorder();
  const first = await start({ store }, prepare);
  const body = { events: [event('$1'), event('$2')] };
  expect(await Promise.all([ask(first, TXN, { body }), ask(first, TXN, { body })])).toEqual([
    { status: 200, body: {} },
    { status: 200, body: {} },
  ]);
  await first.close();
  running.length = 0;
  const second = await start({ store }, prepare);
  expect(await ask(second, TXN, { body })).toEqual({ status: 200, body: {} });
  await second.idle();
  expect(seen).toEqual(['$1', '$2']);
});

test('what a listener had not finished at the end is handed to it again at the next start', async () => {
  const store = join(folder, 'unfinished.sqlite');
  const seen: string[] = [];
  let release = (): void => undefined;
  const first = await start({ store }, (appservice) => {
    appservice.on('event', (heard: MatrixEvent) => {
      seen.push(`first ${heard.event_id}`);
      return new Promise<void>((resolve) => (release = resolve));
    });
  });
  await ask(first, TXN, { body: { events: [event('$1')] } });
  await expect.poll(() => seen).toEqual(['first $1']);
  const second = await start(
    { store },
    (appservice) => void appservice.on('event', (heard: MatrixEvent) => seen.push(`second ${heard.event_id}`)),
  );
  await second.idle();
  release();
  expect(seen).toEqual(['first $1', 'second $1']);
});

test('a retry that has more events than before brings only the new ones, and not its ephemeral data again', async () => {
  const { seen, prepare } = recorder();
  const ephemeral: string[] = [];
  const appservice = await start({}, (created) => {
    prepare(created);
    created.on('ephemeral', (heard: MatrixEvent) => ephemeral.push(heard.type));
  });
  const typing = [{ type: 'm.typing', room_id: '!r', content: {} }];
  await ask(appservice, TXN, { body: { events: [event('$1')], ephemeral: typing } });
  await ask(appservice, TXN, { body: { events: [event('$1'), event('$2')], ephemeral: typing } });
  await ask(appservice, '/_matrix/app/v1/transactions/2', { body: { events: [event('$2')] } });
  await appservice.idle();
  expect(seen).toEqual(['$1', '$2']);
  expect(ephemeral).toEqual(['m.typing']);
});

test('ephemeral and to-device data arrive under the stable and the unstable keys, unknown keys are ignored', async () => {
  const seen: string[] = [];
  const appservice = await start({}, (created) => {
    created.on('ephemeral_type:m.receipt', (heard: MatrixEvent) => seen.push(heard.type));
    created.on('to_device', (heard: MatrixEvent) => seen.push(heard.type));
  });
  const receipt = { type: 'm.receipt', room_id: '!r', content: {} };
  const key = { type: 'm.room_key', sender: '@a:x', content: {} };
  await ask(appservice, TXN, { body: { events: [], ephemeral: [receipt], to_device: [key], 'org.example': 1 } });
  await ask(appservice, '/_matrix/app/v1/transactions/2', {
    body: { events: [], 'de.sorunome.msc2409.ephemeral': [receipt], 'de.sorunome.msc2409.to_device': [key] },
  });
  await appservice.idle();
  expect(seen.toSorted()).toEqual(['m.receipt', 'm.receipt', 'm.room_key', 'm.room_key']);
});

const refusals: [string, string, Asked, number, string][] = [
  ['no token', TXN, { token: null, body: {} }, 401, 'M_UNAUTHORIZED'],
  ['a wrong token', TXN, { token: 'as', body: {} }, 403, 'M_FORBIDDEN'],
  ['no JSON', TXN, { body: '{' }, 400, 'M_NOT_JSON'],
  ['an array for a body', TXN, { body: [] }, 400, 'M_BAD_JSON'],
  ['events that are no list', TXN, { body: { events: {} } }, 400, 'M_BAD_JSON'],
  ['another method', TXN, { method: 'POST', body: {} }, 405, 'M_UNRECOGNIZED'],
  ['an unknown endpoint', '/_matrix/app/v1/nothing/1', { method: 'GET' }, 404, 'M_UNRECOGNIZED'],
  ['an unknown version', '/_matrix/app/v9/users/1', { method: 'GET' }, 404, 'M_UNRECOGNIZED'],
  ['a broken escape', '/_matrix/app/v1/users/%ff', { method: 'GET' }, 400, 'M_INVALID_PARAM'],
  ['a user nobody made', '/_matrix/app/v1/users/@x:y', { method: 'GET' }, 404, 'M_NOT_FOUND'],
  ['a path outside the API', '/nothing', { method: 'GET' }, 404, 'M_UNRECOGNIZED'],
  ['a lookup without lookups', '/_matrix/app/v1/thirdparty/protocol/irc', { method: 'GET' }, 404, 'M_NOT_FOUND'],
];
test.each(refusals)('%s is refused in the specification’s form', async (_, path, asked, status, errcode) => {
  const appservice = await start();
  const answer = await ask(appservice, path, asked);
  expect(answer).toMatchObject({ status, body: { errcode, error: expect.any(String) as string } });
});

test('a body over the limit is refused with 413, announced or not, and is not read to its end', async () => {
  const appservice = await start({ httpMaxSizeBytes: 10_000 });
  const announced = await ask(appservice, TXN, { body: { events: [], pad: 'x'.repeat(20_000) } });
  expect(announced).toMatchObject({ status: 413, body: { errcode: 'M_TOO_LARGE' } });
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const chunked = request(
      { port: appservice.port, host: '127.0.0.1', method: 'PUT', path: TXN, headers: { authorization: 'Bearer hs' } },
      (response) => {
        resolve(response.statusCode);
        response.resume();
        chunked.destroy();
      },
    );
    chunked.on('error', reject);
    chunked.write('{"pad":"');
    chunked.write('x'.repeat(20_000));
  });
  expect(status).toBe(413);
});

test('ping, legacy paths, the token in the query, and a program’s own paths are answered', async () => {
  const { seen, prepare } = recorder();
  const appservice = await start({}, prepare);
  appservice.expressApp.get('/mine', (_, response) => void response.send('yes'));
  expect(await ask(appservice, '/_matrix/app/v1/ping', { method: 'POST', body: { transaction_id: 'a' } })).toEqual({
    status: 200,
    body: {},
  });
  expect(
    await ask(appservice, '/transactions/9?access_token=hs', { token: null, body: { events: [event('$9')] } }),
  ).toEqual({ status: 200, body: {} });
  expect(await ask(appservice, '/mine', { method: 'GET' })).toEqual({ status: 200, body: 'yes' });
  expect(await ask(appservice, '/health', { method: 'GET' })).toEqual({ status: 200, body: 'OK' });
  await appservice.idle();
  expect(seen).toEqual(['$9']);
});

test('queries are answered by callback, by promise, or with the program’s own refusal', async () => {
  class Program extends AppService {
    override onUserQuery(userId: string, callback: () => void): PromiseLike<void> | null {
      if (userId === '@refused:x')
        return Promise.reject(new AppserviceHttpError({ errcode: 'M_LIMIT_EXCEEDED', error: 'later' }, 429));
      callback();
      return null;
    }
    override async onAliasQuery(): Promise<void> {}
  }
  const appservice = new Program({ homeserverToken: 'hs', store: ':memory:', log: quiet });
  await appservice.listen(0, '127.0.0.1');
  running.push(appservice);
  expect(await ask(appservice, '/_matrix/app/v1/users/%40a%3Ax', { method: 'GET' })).toEqual({ status: 200, body: {} });
  expect(await ask(appservice, '/_matrix/app/v1/rooms/%23a%3Ax', { method: 'GET' })).toEqual({ status: 200, body: {} });
  expect(await ask(appservice, '/_matrix/app/v1/users/%40refused%3Ax', { method: 'GET' })).toEqual({
    status: 429,
    body: { errcode: 'M_LIMIT_EXCEEDED', error: 'later' },
  });
});

test('third-party lookups answer what the program finds, by fields and by Matrix id', async () => {
  const user = { userid: '@irc_a:x', protocol: 'irc', fields: { nick: 'a' } };
  const appservice = await start({
    thirdParty: {
      users: async (_, fields) => (fields['nick'] === 'a' ? [user] : []),
      locationsOf: async (alias) => [{ alias, protocol: 'irc', fields: { channel: '#c' } }],
    },
  });
  expect(await ask(appservice, '/_matrix/app/v1/thirdparty/user/irc?nick=a', { method: 'GET' })).toEqual({
    status: 200,
    body: [user],
  });
  expect(await ask(appservice, '/_matrix/app/v1/thirdparty/user/irc?nick=b', { method: 'GET' })).toMatchObject({
    status: 404,
  });
  expect(
    await ask(appservice, '/_matrix/app/unstable/thirdparty/location?alias=%23c:x', { method: 'GET' }),
  ).toMatchObject({ status: 200 });
  expect(await ask(appservice, '/_matrix/app/v1/thirdparty/location', { method: 'GET' })).toMatchObject({
    status: 400,
    body: { errcode: 'M_MISSING_PARAM' },
  });
});

test('a listener that throws or rejects neither undoes the transaction nor keeps others from hearing', async () => {
  const { seen, prepare } = recorder();
  const appservice = await start({}, (created) => {
    created.on('event', () => {
      throw new RangeError('mine');
    });
    created.on('type:m.room.message', async () => {
      throw new RangeError('mine too');
    });
    prepare(created);
  });
  expect(await ask(appservice, TXN, { body: { events: [event('$1'), event('$2')] } })).toEqual({
    status: 200,
    body: {},
  });
  await appservice.idle();
  expect(seen).toEqual(['$1', '$2']);
});

test('a listener that fails because the program stops is called again at the next start', async () => {
  const store = join(folder, 'stopping.sqlite');
  const seen: string[] = [];
  const first = await start({ store }, (appservice) => {
    appservice.on('event', async () => {
      seen.push('first');
      while (first.listening) await new Promise(setImmediate);
      throw new RangeError('stopped half-way');
    });
  });
  await ask(first, TXN, { body: { events: [event('$1')] } });
  await expect.poll(() => seen).toEqual(['first']);
  await first.close();
  running.length = 0;
  const second = await start({ store }, (appservice) => void appservice.on('event', () => seen.push('second')));
  await second.idle();
  expect(seen).toEqual(['first', 'second']);
});
