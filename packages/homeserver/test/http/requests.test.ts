// The way of a request through http/: authentication, limits, body, query, errors, headers. Routes are stubs; the server is real.

import { Readable } from 'node:stream';
import { MatrixError } from '@pons/spec';
import { endpoints, ponsEndpoints } from '@pons/spec/endpoints';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TokenClaim } from '../../src/http/authenticate-client.ts';
import { errorResponse } from '../../src/http/error-response.ts';
import { createFailureLog } from '../../src/http/failure-log.ts';
import { requesterOf } from '../../src/http/requester.ts';
import { silentLog } from '../../src/platform/telemetry/log.ts';
import { StorageError } from '../../src/storage/database.ts';
import { raw, type StubServer, stubServer } from './stub-server.ts';

let stub: StubServer;
const claims: TokenClaim[] = [];
const logged: string[] = [];
const base = { admin: false, guest: false, rateLimited: true };
const v3 = '/_matrix/client/v3';

beforeAll(async () => {
  stub = await stubServer({
    routes: [
      [endpoints.getTokenOwner, (request) => ({ json: { user_id: requesterOf(request).userId } })],
      [endpoints.register, ({ requester }) => ({ json: { who: requester?.userId ?? null } })],
      [endpoints.kick, ({ body }) => ({ json: body })],
      [endpoints.sendMessage, ({ body, path }) => ({ json: { body, path: { ...path } } })],
      [endpoints.getRoomEvents, ({ query }) => ({ json: { dir: query.get('dir') } })],
      [endpoints.pingAppservice, () => ({ json: {} })],
      [ponsEndpoints.getStatistics, () => ({ json: {} })],
      [endpoints.getVersions, () => Promise.reject(new Error('with a secret in it'))],
      [endpoints.getCapabilities, () => Promise.reject(new StorageError('unreachable', 'gone'))],
      [endpoints.getWellknown, () => Promise.reject(new MatrixError('M_FORBIDDEN', 'no', { fields: { extra: 1 } }))],
      [
        endpoints.uploadContent,
        async ({ stream }) => {
          let length = 0;
          for await (const chunk of stream as AsyncIterable<Buffer>) length += chunk.length;
          return { json: { length } };
        },
      ],
      [
        endpoints.getContentAuthed,
        ({ path }) => ({
          headers: { 'content-type': 'text/plain' },
          bytes: path['mediaId'] === 'stream' ? Readable.from([Buffer.from('a'), Buffer.from('b')]) : Buffer.from('ab'),
        }),
      ],
    ],
    resolveToken(token, claim) {
      claims.push(claim);
      if (token === 'alice') return { ...base, userId: '@alice:x' };
      if (token === 'admin') return { ...base, userId: '@admin:x', admin: true };
      if (token === 'as') return { ...base, userId: claim.userId ?? '@bot:x', appserviceId: 'irc', rateLimited: false };
      return undefined;
    },
    limits: { join: { perSecond: 1, burst: 1 }, message: { perSecond: 0.5, burst: 2 } },
    around: {
      log: {
        debug() {},
        info() {},
        warn() {},
        error: (fields, message) => logged.push(`${JSON.stringify(fields)} ${message}`),
        child: () => {
          throw new TypeError('not asked for');
        },
      },
    },
  });
});
afterAll(() => stub.server.stop());

async function call(method: string, path: string, init: RequestInit = {}) {
  const response = await fetch(stub.base + path, { method, ...init });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    json: text === '' ? undefined : (JSON.parse(text) as unknown),
  };
}

async function refusal(method: string, path: string, init: RequestInit = {}): Promise<string> {
  const { status, json } = await call(method, path, init);
  return `${status} ${(json as { errcode?: string }).errcode ?? ''}`.trim();
}

const as = (token: string, body?: string): RequestInit => ({
  headers: { authorization: `Bearer ${token}` },
  ...(body === undefined ? {} : { body }),
});

describe('the access token', () => {
  test('comes in the header or in the query', async () => {
    expect((await call('GET', `${v3}/account/whoami`, as('alice'))).json).toEqual({ user_id: '@alice:x' });
    expect((await call('GET', `${v3}/account/whoami?access_token=alice`)).json).toEqual({ user_id: '@alice:x' });
    const scheme = { headers: { authorization: 'bearer  alice' } };
    expect((await call('GET', `${v3}/account/whoami`, scheme)).status).toBe(200);
  });

  test('is missing, unknown, of another scheme, or given twice', async () => {
    expect(await refusal('GET', `${v3}/account/whoami`)).toBe('401 M_MISSING_TOKEN');
    expect(await refusal('GET', `${v3}/account/whoami?access_token=`)).toBe('401 M_MISSING_TOKEN');
    expect(await refusal('GET', `${v3}/account/whoami`, as('mallory'))).toBe('401 M_UNKNOWN_TOKEN');
    expect(await refusal('GET', `${v3}/account/whoami?access_token=alice`, as('alice'))).toBe('401 M_MISSING_TOKEN');
    const basic = { headers: { authorization: 'Basic alice' } };
    expect(await refusal('GET', `${v3}/account/whoami`, basic)).toBe('401 M_MISSING_TOKEN');
    expect(await refusal('GET', `${v3}/account/whoami?access_token=alice&access_token=as`)).toBe('400 M_INVALID_PARAM');
  });

  test('is optional where the descriptor says so, and then still must be known', async () => {
    expect((await call('POST', `${v3}/register`)).json).toEqual({ who: null });
    expect((await call('POST', `${v3}/register`, as('as'))).json).toEqual({ who: '@bot:x' });
    expect(await refusal('POST', `${v3}/register`, as('mallory'))).toBe('401 M_UNKNOWN_TOKEN');
  });

  test('comes with user_id and device_id, which mean nothing at /register', async () => {
    claims.length = 0;
    await call('GET', `${v3}/account/whoami?user_id=%40_irc_a%3Ax&device_id=D`, as('as'));
    await call('POST', `${v3}/register?user_id=%40_irc_a%3Ax`, as('as'));
    expect(claims.map(({ call: { endpoint }, ...claim }) => [endpoint.operation, claim])).toEqual([
      ['getTokenOwner', { userId: '@_irc_a:x', deviceId: 'D', remoteAddress: '127.0.0.1' }],
      ['register', { remoteAddress: '127.0.0.1' }],
    ]);
    expect(await refusal('GET', `${v3}/account/whoami?user_id=a&user_id=b`, as('as'))).toBe('400 M_INVALID_PARAM');
  });

  test('is an as_token or an administrator’s where only those may call', async () => {
    const ping = '/_matrix/client/v1/appservice/irc/ping';
    expect(await refusal('POST', ping, as('alice'))).toBe('403 M_FORBIDDEN');
    expect((await call('POST', ping, as('as'))).status).toBe(200);
    expect(await refusal('GET', '/_pons/admin/v1/statistics', as('alice'))).toBe('403 M_FORBIDDEN');
    expect((await call('GET', '/_pons/admin/v1/statistics', as('admin'))).status).toBe(200);
  });
});

describe('the body', () => {
  const kick = `${v3}/rooms/!a/kick`;
  const bodies: [claim: string, body: string | undefined, answer: string][] = [
    ['a good one', '{"user_id":"@b:x"}', '200'],
    ['fractions, which only events may not have', '{"user_id":"@b:x","n":1.5}', '200'],
    ['none', undefined, '400 M_MISSING_PARAM'],
    ['cut off', '{"user_id":', '400 M_NOT_JSON'],
    ['an array', '[]', '400 M_BAD_JSON'],
    ['null', 'null', '400 M_BAD_JSON'],
    ['a key twice', '{"user_id":"@b:x","user_id":"@c:x"}', '400 M_BAD_JSON'],
    ['a wrong type', '{"user_id":7}', '400 M_BAD_JSON'],
    ['more than a mebibyte', JSON.stringify({ user_id: 'x'.repeat(1024 * 1024) }), '413 M_TOO_LARGE'],
  ];
  test.each(bodies)('%s', async (_, body, answer) => {
    expect(await refusal('POST', kick, as('alice', body))).toBe(answer);
  });

  test('needs no content type, and any is accepted but a form', async () => {
    const headers = { authorization: 'Bearer alice' };
    const body = '{"user_id":"@b:x"}';
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
      expect((await call('POST', kick, { headers: { ...headers, 'content-type': type }, body })).status).toBe(200);
    }
    const form = { headers: { ...headers, 'content-type': 'multipart/form-data; boundary=x' }, body: '--x--' };
    expect(await refusal('POST', kick, form)).toBe('400 M_NOT_JSON');
    const zipped = { headers: { ...headers, 'content-encoding': 'gzip' }, body };
    expect(await refusal('POST', kick, zipped)).toBe('415 M_NOT_JSON');
  });

  test('of an event has canonical numbers and is there', async () => {
    const send = (n: number) => `${v3}/rooms/!a/send/m.x/${n}`;
    expect(await refusal('PUT', send(1), as('as', '{"a":1.0}'))).toBe('400 M_BAD_JSON');
    expect(await refusal('PUT', send(2), as('as'))).toBe('400 M_NOT_JSON');
    expect((await call('PUT', send(3), as('as', '{"a":1}'))).json).toEqual({
      body: { a: 1 },
      path: { roomId: '!a', eventType: 'm.x', txnId: '3' },
    });
  });

  test('that is too large is refused at once, and what is still being sent is read away', async () => {
    const head = `POST ${kick} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer alice\r\n`;
    const declared = await raw(stub.base, `${head}content-length: 99999999\r\n\r\n{`);
    expect(declared).toMatch(/^HTTP\/1\.1 413 .*connection: close.*M_TOO_LARGE/s);
    const chunk = `100000\r\n${' '.repeat(1_048_576)}\r\n`;
    const next = `GET ${v3}/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`;
    const chunked = await raw(
      stub.base,
      `${head}transfer-encoding: chunked\r\n\r\n${chunk}${chunk}${chunk}0\r\n\r\n${next}`,
    );
    expect(chunked).toMatch(/^HTTP\/1\.1 413 .*M_TOO_LARGE.*404 .*M_UNRECOGNIZED/s);
  });

  test('of an upload is a stream', async () => {
    const body = new Uint8Array(3_000_000);
    const headers = { authorization: 'Bearer alice' };
    expect((await call('POST', '/_matrix/media/v3/upload', { headers, body })).json).toEqual({ length: 3_000_000 });
  });
});

describe('the query', () => {
  const messages = `${v3}/rooms/!a/messages`;
  test.each([
    ['?dir=b&limit=5', '200'],
    ['?limit=5', '400 M_MISSING_PARAM'],
    ['?dir=x', '400 M_INVALID_PARAM'],
    ['?dir=b&dir=f', '400 M_INVALID_PARAM'],
    ['?dir=b&limit=many', '400 M_INVALID_PARAM'],
    ['?dir=b&limit=9007199254740993', '400 M_INVALID_PARAM'],
    ['?dir=b&from=%ff', '400 M_INVALID_PARAM'],
    ['?dir=b&from=%00', '400 M_INVALID_PARAM'],
    ['?dir=b&unknown=%F0%9F%98%80', '200'],
  ])('%s', async (query, answer) => {
    expect(await refusal('GET', messages + query, as('alice'))).toBe(answer);
  });
});

describe('rate limits', () => {
  test('count users, say how long to wait, and spare who is exempt', async () => {
    const send = (token: string, n: number) => call('PUT', `${v3}/rooms/!a/send/m.x/${n}`, as(token, '{}'));
    expect((await send('alice', 1)).status).toBe(200);
    expect((await send('alice', 2)).status).toBe(200);
    const third = await send('alice', 3);
    expect(third.status).toBe(429);
    expect(third.json).toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 2_000 });
    expect(third.headers.get('retry-after')).toBe('2');
    expect((await send('admin', 4)).status).toBe(200);
    for (let n = 5; n < 15; n += 1) expect((await send('as', n)).status).toBe(200);
  });
});

describe('errors', () => {
  test('a refusal has its code, text and further members', async () => {
    const { status, json } = await call('GET', '/.well-known/matrix/client');
    expect(status).toBe(403);
    expect(json).toEqual({ errcode: 'M_FORBIDDEN', error: 'no', extra: 1 });
  });

  test('a bug is 500, is logged with the request’s id, and says nothing of itself to the client', async () => {
    logged.length = 0;
    const { status, json } = await call('GET', '/_matrix/client/versions');
    expect(status).toBe(500);
    expect(json).toMatchObject({ errcode: 'M_UNKNOWN' });
    expect(JSON.stringify(json)).not.toContain('secret');
    const id = /r\d+/.exec(JSON.stringify(json))?.[0];
    expect(logged.join()).toContain(`"id":"${id}"`);
  });

  test.each([
    ['unreachable', 503],
    ['overloaded', 503],
    ['57P01', 503],
    ['57P03', 503],
    ['08006', 503],
    ['53300', 503],
    ['57014', 503],
    ['40001', 503],
    ['53100', 500],
    ['23505', 500],
    ['42P01', 500],
  ])('what the database answers with %s is %i', (code, status) => {
    expect(errorResponse(new StorageError(code, 'gone'), 'r').status).toBe(status);
  });

  test('a database that is away is 503, to be tried again', async () => {
    const { status, headers } = await call('GET', `${v3}/capabilities`, as('alice'));
    expect([status, headers.get('retry-after')]).toEqual([503, '2']);
  });

  test('a database that is away is one line of the log without a stack, however many requests it fails', () => {
    const lines: [object, string][] = [];
    let nowMs = 0;
    const log = { ...silentLog, error: (fields: object, message: string) => lines.push([fields, message]) };
    const logFailure = createFailureLog(log, () => nowMs);
    const error = new StorageError('unreachable', 'the server is gone');
    for (let second = 0; second < 25; second += 1) {
      nowMs = second * 1000;
      for (const id of ['a', 'b', 'c', 'd']) logFailure({ id, error, fault: 'away' });
    }
    const text = 'the database cannot answer: requests are refused with 503';
    expect(lines).toEqual([1, 40, 40].map((requests) => [{ id: 'a', reason: 'the server is gone', requests }, text]));
  });

  test.each(['22003', '22021', '22P05', '54000'])(
    'a value that only the database refuses (%s) is 400, and the log says which check is missing',
    (code) => {
      const error = new StorageError(code, 'index row requires 10024 bytes');
      const { status, json, fault } = errorResponse(error, 'r1');
      expect([status, json['errcode'], fault]).toEqual([400, 'M_INVALID_PARAM', 'unchecked']);
      const lines: [object, string][] = [];
      const log = { ...silentLog, warn: (fields: object, message: string) => lines.push([fields, message]) };
      createFailureLog(log, () => 0)({ id: 'r1', error, fault: 'unchecked' });
      expect(lines).toEqual([
        [{ id: 'r1', reason: 'index row requires 10024 bytes' }, expect.stringContaining('should have been checked')],
      ]);
    },
  );

  test('an unknown path is 404, an unknown method 405 and named', async () => {
    expect(await refusal('GET', '/')).toBe('404 M_UNRECOGNIZED');
    expect(await refusal('GET', '/_matrix/federation/v1/version')).toBe('404 M_UNRECOGNIZED');
    const { status, headers } = await call('DELETE', `${v3}/account/whoami`, as('alice'));
    expect([status, headers.get('allow')]).toEqual([405, 'GET']);
  });

  test('what is not HTTP is refused in Matrix’s form', async () => {
    expect(await raw(stub.base, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*M_UNKNOWN/s);
    const both = `POST ${v3}/register HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`;
    expect(await raw(stub.base, both)).toMatch(/^HTTP\/1\.1 400 .*M_UNKNOWN/s);
    const long = `GET ${v3}/sync?since=${'a'.repeat(20_000)} HTTP/1.1\r\nhost: x\r\n\r\n`;
    expect(await raw(stub.base, long)).toMatch(/^HTTP\/1\.1 431 .*M_TOO_LARGE/s);
  });
});

describe('responses', () => {
  test('every one lets a browser client read it', async () => {
    for (const path of ['/_matrix/client/versions', '/nothing', `${v3}/account/whoami`]) {
      const { headers } = await call('GET', path, { headers: { origin: 'https://app.example' } });
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('content-type')).toBe('application/json');
    }
  });

  test('OPTIONS is answered without running anything', async () => {
    stub.requests.length = 0;
    const { status, headers } = await call('OPTIONS', `${v3}/rooms/!a/kick`);
    expect(status).toBe(204);
    expect(headers.get('access-control-allow-methods')).toContain('PUT');
    expect(headers.get('access-control-allow-headers')).toContain('Authorization');
    expect(stub.requests).toEqual([]);
  });

  test('bytes come as they are, buffered or streamed', async () => {
    for (const id of ['buffer', 'stream']) {
      const response = await fetch(`${stub.base}/_matrix/client/v1/media/download/x/${id}`, as('alice'));
      expect([response.headers.get('content-type'), await response.text()]).toEqual(['text/plain', 'ab']);
    }
  });

  test('an unread small body leaves the connection usable', async () => {
    const one = `POST ${v3}/rooms/!a/kick HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}`;
    const two = `GET ${v3}/nothing HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`;
    expect(await raw(stub.base, one + two)).toMatch(/401 .*M_MISSING_TOKEN.*404 .*M_UNRECOGNIZED/s);
  });
});
