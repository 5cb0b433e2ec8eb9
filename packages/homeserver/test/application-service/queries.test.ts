// Calls to application services and the questions put to them, over real HTTP, with a clock whose hands the test turns.
// https://spec.matrix.org/v1.19/application-service-api/#querying
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { validateRegistration } from '@pons/registration';
import type { MatrixError } from '@pons/spec';
import { AppserviceDouble } from '@pons/testkit/appservice';
import { fakeClock } from '@pons/testkit/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCallAppservice } from '../../src/appservice-delivery/call-appservice.ts';
import { pingAppservice } from '../../src/appservice-delivery/ping.ts';
import { createQueryAlias } from '../../src/appservice-delivery/query-alias.ts';
import { createQueryUser } from '../../src/appservice-delivery/query-user.ts';
import { WhoWaits } from '../../src/appservice-delivery/who-waits.ts';
import { type Appservice, createRegistry, toAppservice } from '../../src/appservices/registry.ts';
import { createOutbound } from '../../src/platform/outbound-fetch.ts';
import { silentLog } from '../../src/platform/telemetry/log.ts';

const serverName = 'example.org';
let clock: ReturnType<typeof fakeClock>;
let outbound: ReturnType<typeof createOutbound>;
let call: ReturnType<typeof createCallAppservice>;
let doubles: AppserviceDouble[] = [];

beforeEach(() => {
  clock = fakeClock();
  outbound = createOutbound();
  call = createCallAppservice({ fetch: outbound.fetch, clock, allowPrivate: true });
});
afterEach(async () => {
  await outbound.close();
  for (const double of doubles) await double.close();
  doubles = [];
});

function appserviceAt(id: string, url: string | null, more: Record<string, unknown> = {}): Appservice {
  const validation = validateRegistration({
    id,
    url,
    as_token: `as-${id}`,
    hs_token: `hs-${id}`,
    sender_localpart: `_${id}_bot`,
    namespaces: {
      users: [{ regex: `@_${id}_.*`, exclusive: true }],
      aliases: [{ regex: `#_${id}_.*`, exclusive: true }],
    },
    ...more,
  });
  if (validation.outcome === 'refused') throw new Error(JSON.stringify(validation.problems));
  return toAppservice(validation.registration, serverName, { file: id });
}
async function double(): Promise<AppserviceDouble> {
  const made = new AppserviceDouble();
  doubles.push(made);
  await made.listen();
  return made;
}
const urlOf = ({ port }: AppserviceDouble) => `http://127.0.0.1:${port}`;
const transaction = (appservice: Appservice, txnId: number) =>
  call({
    appservice,
    method: 'PUT',
    path: `/_matrix/app/v1/transactions/${txnId}`,
    legacyPath: `/transactions/${txnId}`,
    body: Buffer.from('{"events":[]}'),
    statusOnly: true,
    timeoutMs: 60_000,
  });

describe('a call', () => {
  it('carries the hs_token in the header alone, and in the query where the registration asks for it', async () => {
    const irc = await double();
    await transaction(appserviceAt('irc', urlOf(irc)), 1);
    await transaction(appserviceAt('irc', urlOf(irc), { pons: { query_token: true } }), 2);
    expect(irc.requests).toMatchObject([
      { path: '/_matrix/app/v1/transactions/1', token: 'hs-irc' },
      { path: '/_matrix/app/v1/transactions/2?access_token=hs-irc', token: 'hs-irc' },
    ]);
  });

  it.each([
    ['a prefix', (port: number) => `http://127.0.0.1:${port}/bridge`, '/bridge/_matrix/app/v1/transactions/1'],
    ['a prefix and a slash', (port: number) => `http://127.0.0.1:${port}/a/b/`, '/a/b/_matrix/app/v1/transactions/1'],
    ['a name', (port: number) => `http://localhost:${port}`, '/_matrix/app/v1/transactions/1'],
  ])('keeps %s of the url', async (_, url, path) => {
    const irc = await double();
    await transaction(appserviceAt('irc', url(irc.port)), 1);
    expect(irc.requests.map((request) => request.path)).toEqual([path]);
  });

  it('goes to an IPv6 address and to a unix socket', async () => {
    const seen: string[] = [];
    const server = http.createServer((request, response) => {
      seen.push(request.url ?? '');
      response.end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '::1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await transaction(appserviceAt('irc', `http://[::1]:${port}`), 6)).toMatchObject({ status: 200 });
    expect(seen).toEqual(['/_matrix/app/v1/transactions/6']);
    await new Promise((resolve) => server.close(resolve));
    const folder = mkdtempSync(join(tmpdir(), 'pons-call-'));
    const local = new AppserviceDouble();
    doubles.push(local);
    const url = await local.listen(join(folder, 'as.sock'));
    for (const form of [url, url.replace('unix:', 'unix://')])
      expect(await transaction(appserviceAt('irc', form), 7)).toMatchObject({ status: 200 });
    rmSync(folder, { recursive: true });
  });

  it.each([301, 302, 307, 308])('never follows a %i', async (status) => {
    const irc = await double();
    irc.mode = status;
    expect(await transaction(appserviceAt('irc', urlOf(irc)), 1)).toMatchObject({ outcome: 'answered', status });
    expect(irc.requests).toHaveLength(1);
  });

  it('counts a 2xx as success whatever its body is, even one that never ends', async () => {
    const irc = await double();
    irc.mode = 'garbage';
    expect(await transaction(appserviceAt('irc', urlOf(irc)), 1)).toMatchObject({ status: 200 });
    irc.mode = 201;
    expect(await transaction(appserviceAt('irc', urlOf(irc)), 2)).toMatchObject({ status: 201 });
  });
});

describe('the paths from before version 1', () => {
  const current = '/_matrix/app/v1/transactions/';
  const older = '/transactions/';

  it('are used by one that does not know the current ones, and these are tried again after an hour', async () => {
    const irc = await web({ prefix: older });
    const appservice = appserviceAt('irc', irc.url);
    expect(await transaction(appservice, 1)).toMatchObject({ status: 200 });
    await transaction(appservice, 2);
    await clock.advance(3_600_001);
    await transaction(appservice, 3);
    expect(irc.paths).toEqual([current, older, older, current, older]);
    await irc.close();
  });

  it('are left at once when it has been updated', async () => {
    const irc = await web({ prefix: older });
    const appservice = appserviceAt('irc', irc.url);
    await transaction(appservice, 1);
    irc.knows = current;
    expect(await transaction(appservice, 2)).toMatchObject({ status: 200 });
    await transaction(appservice, 3);
    expect(irc.paths).toEqual([current, older, older, current, current]);
    await irc.close();
  });

  it('are not tried where it says itself that it does not know the path, or what we look for', async () => {
    const seen = await web({ prefix: '/nothing/', body: '{"errcode":"M_UNRECOGNIZED","error":"?"}' });
    expect(await transaction(appserviceAt('irc', seen.url), 1)).toMatchObject({ status: 404 });
    expect(seen.paths).toEqual([current]);
    await seen.close();
    const other = await web({ prefix: '/nothing/', body: '{"errcode":"ORG.EXAMPLE_NOT_FOUND"}' });
    const answer = await call({
      appservice: appserviceAt('irc', other.url),
      method: 'GET',
      path: '/_matrix/app/v1/users/a',
      legacyPath: '/users/a',
      timeoutMs: 60_000,
    });
    expect(answer).toMatchObject({ status: 404 });
    expect(other.paths).toEqual(['/_matrix/app/v1/users/a']);
    await other.close();
  });

  it.each([500, 501, 520])('are used by one that answers %i to the current ones', async (status) => {
    const irc = await web({ prefix: older, status });
    const appservice = appserviceAt('irc', irc.url);
    expect(await transaction(appservice, 1)).toMatchObject({ status: 200 });
    expect(await transaction(appservice, 2)).toMatchObject({ status: 200 });
    expect(irc.paths).toEqual([current, older, older]);
    await irc.close();
  });

  it('are tried once a minute where a service fails at both, and its error is that of the current one', async () => {
    const irc = await web({ prefix: '/nothing/', status: 500 });
    const appservice = appserviceAt('irc', irc.url);
    for (const id of [1, 2, 3]) expect(await transaction(appservice, id)).toMatchObject({ status: 500 });
    await clock.advance(60_001);
    await transaction(appservice, 4);
    expect(irc.paths).toEqual([current, older, current, current, current, older]);
    await irc.close();
  });

  it.each([502, 503, 504])('are not tried where a proxy says %i of a service that is away', async (status) => {
    const irc = await web({ prefix: older, status });
    expect(await transaction(appserviceAt('irc', irc.url), 1)).toMatchObject({ status });
    expect(irc.paths).toEqual([current]);
    await irc.close();
  });

  it('are not tried where a service fails that has answered well before, or says its error as Matrix does', async () => {
    const irc = await web({ prefix: current, status: 500 });
    const appservice = appserviceAt('irc', irc.url);
    await transaction(appservice, 1);
    irc.knows = '/nothing/';
    expect(await transaction(appservice, 2)).toMatchObject({ status: 500 });
    expect(irc.paths).toEqual([current, current]);
    await irc.close();
    const other = await web({ prefix: '/nothing/', status: 500, body: '{"errcode":"M_UNKNOWN"}' });
    expect(await transaction(appserviceAt('other', other.url), 1)).toMatchObject({ status: 500 });
    expect(other.paths).toEqual([current]);
    await other.close();
  });
});

/** A web server that knows one path only, and answers the rest as web servers do. */
async function web(start: { prefix: string; body?: string; status?: number }) {
  const paths: string[] = [];
  const state = { paths, knows: start.prefix, url: '', close: () => new Promise((done) => server.close(done)) };
  const server = http.createServer((request, response) => {
    const path = request.url ?? '';
    paths.push(path.replace(/\d+$/, ''));
    request.resume();
    if (path.startsWith(state.knows)) response.end('{}');
    else response.writeHead(start.status ?? 404, { 'content-type': 'text/html' }).end(start.body ?? 'Cannot PUT that');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return state;
}

/** An application service that says yes once it has done some work. */
async function asksInTurn(work: () => Promise<void>) {
  const server = http.createServer((_, response) => {
    void work().then(() => response.end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, close: () => new Promise((done) => server.close(done)) };
}

describe('a question', () => {
  const deadlineMs = 10_000;
  let said: object[] = [];
  beforeEach(() => {
    said = [];
  });
  function asking(...appservices: Appservice[]) {
    const registry = createRegistry(serverName);
    registry.replace(appservices);
    const parts = { registry, call, clock, deadlineMs, whoWaits: new WhoWaits() };
    const hasAccount = (userId: string) => Promise.resolve(!userId.startsWith('@_irc_nobody'));
    const log = { ...silentLog, warn: (fields: object) => void said.push(fields) };
    return { queryUser: createQueryUser({ ...parts, hasAccount, log }), queryAlias: createQueryAlias(parts) };
  }
  const queries = (irc: AppserviceDouble) => irc.requests.map(({ path }) => decodeURIComponent(path));
  const errorOf = (asked: Promise<unknown>) =>
    asked.then(
      () => undefined,
      (error: unknown) => error as MatrixError,
    );

  it('is put once for a thousand who ask at once, and its answer believed for a moment, both ways', async () => {
    const irc = await double();
    const { queryUser, queryAlias } = asking(appserviceAt('irc', urlOf(irc)));
    const all = await Promise.all(Array.from({ length: 1000 }, () => queryUser('@_irc_bob:example.org')));
    expect(new Set(all)).toEqual(new Set([true]));
    irc.mode = 404;
    expect(await queryAlias('#_irc_none:example.org')).toBe(false);
    const put = irc.requests.length;
    expect([await queryUser('@_irc_bob:example.org'), await queryAlias('#_irc_none:example.org')]).toEqual([
      true,
      false,
    ]);
    expect(irc.requests).toHaveLength(put);
    expect(queries(irc)[0]).toBe('/_matrix/app/v1/users/@_irc_bob:example.org');
    await clock.advance(10_001);
    expect(await queryUser('@_irc_bob:example.org')).toBe(false);
    expect(irc.requests.length).toBeGreaterThan(put);
  });

  it('is put to nobody who does not claim the id, and to none without a way to it', async () => {
    const irc = await double();
    const { queryUser } = asking(appserviceAt('irc', urlOf(irc)), appserviceAt('puppet', null));
    expect(await queryUser('@alice:example.org')).toBe(false);
    expect(await queryUser('@_puppet_a:example.org')).toBe(false);
    expect(await queryUser('@_irc_bob:elsewhere.example')).toBe(false);
    expect(irc.requests).toEqual([]);
  });

  it('is answered with no where the user is not there, whatever is said, and the operator hears of it', async () => {
    const irc = await double();
    const { queryUser } = asking(appserviceAt('irc', urlOf(irc)));
    expect(await queryUser('@_irc_nobody:example.org')).toBe(false);
    expect(said).toEqual([{ appservice: 'irc', userId: '@_irc_nobody:example.org' }]);
    expect(await queryUser('@_irc_bob:example.org')).toBe(true);
    expect(said).toHaveLength(1);
  });

  it('is put again where no answer comes, and ends with 408', async () => {
    const irc = await double();
    irc.mode = 500;
    const { queryUser } = asking(appserviceAt('irc', urlOf(irc)));
    const asked = errorOf(queryUser('@_irc_bob:example.org'));
    for (let tries = 1; tries <= 3; tries++) {
      await irc.until(() => irc.requests.length === tries);
      while (tries < 3 && clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(500);
    }
    expect(await asked).toMatchObject({
      errcode: 'M_UNKNOWN',
      status: 408,
      message: 'the application service that may know it answered with an error (status 500)',
    });
    // Silence is not an answer: it is not remembered.
    irc.mode = 'ok';
    expect(await queryUser('@_irc_bob:example.org')).toBe(true);
  });

  it('ends with 408 that says so where nobody listens at all', async () => {
    const irc = await double();
    const there = urlOf(irc);
    await irc.close();
    const { queryUser } = asking(appserviceAt('irc', there));
    const asked = errorOf(queryUser('@_irc_bob:example.org'));
    for (let tries = 1; tries < 3; tries++) {
      while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(500);
    }
    const message = 'the application service that may know it cannot be reached';
    expect(await asked).toMatchObject({ errcode: 'M_UNKNOWN', status: 408, message });
  });

  it('is answered by the first that says yes, though another hangs', async () => {
    const [quick, hung] = [await double(), await double()];
    hung.mode = 'hang';
    const both = { namespaces: { users: [{ regex: '@_shared_.*', exclusive: false }] } };
    const { queryUser } = asking(appserviceAt('quick', urlOf(quick), both), appserviceAt('hung', urlOf(hung), both));
    expect(await queryUser('@_shared_bob:example.org')).toBe(true);
  });

  it('is not put to the application service that asks, nor in a circle through others', async () => {
    // Each answers only when what it asks in turn is answered.
    const inTurn: Record<string, boolean[]> = {};
    const [a, b] = await Promise.all(
      ['a', 'b'].map((id) =>
        asksInTurn(async () => {
          const other = id === 'a' ? 'b' : 'a';
          inTurn[id] = await Promise.all([
            asked.queryUser(`@_${id}_x:example.org`, id),
            asked.queryUser(`@_${other}_x:example.org`, id),
            asked.queryAlias('#_a_x:example.org', id),
          ]);
        }),
      ),
    );
    const asked = asking(appserviceAt('a', a?.url ?? ''), appserviceAt('b', b?.url ?? ''));
    expect(await asked.queryAlias('#_a_x:example.org')).toBe(true);
    // a made it; b has made its own, and was told of a's that it is not there yet.
    expect(inTurn).toEqual({ a: [false, true, false], b: [false, false, false] });
    await a?.close();
    await b?.close();
  });
});

describe('a ping', () => {
  it('passes on the beginning of a refusal, however long it is', async () => {
    const server = http.createServer((_, response) => {
      response.writeHead(500);
      response.end('x'.repeat(3_000_000));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const pinged = pingAppservice({ call, clock, timeoutMs: 60_000 }, appserviceAt('irc', url));
    const error = await pinged.then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ errcode: 'M_BAD_STATUS', status: 502 });
    expect((error as MatrixError).fields).toEqual({ status: 500, body: 'x'.repeat(1000) });
    await new Promise((resolve) => server.close(resolve));
  });
});
