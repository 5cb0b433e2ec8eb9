// The homeserver half of the conformance kit against our own server, over HTTP on both sides: every claim holds, or is named below with
// the reason. The list of those must become shorter: a claim that holds and still stands in it fails the test.
// https://spec.matrix.org/v1.19/application-service-api/
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  homeserverCases,
  ponsInstaller,
  readRegistrations,
  type Report,
  roleNames,
  runConformance,
  writeRegistrations,
} from '@pons/appservice-conformance';
import { type TestDatabase, testDatabase } from '@pons/testkit/database';
import { freePorts } from '@pons/testkit/free-ports';
import { request } from '@pons/testkit/requests';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configFrom, createHomeserver, type Homeserver, silentLog } from '../../src/index.ts';

/** Claims that do not hold yet, or cannot be judged in process. */
const gaps: Readonly<Record<string, string>> = {};

const unlimited = ['default', 'join', 'login', 'registration', 'media'].map(
  (name) => [name, { per_second: 10_000, burst: 100_000 }] as const,
);
const folder = mkdtempSync(join(tmpdir(), 'pons-conformance-'));
let database: TestDatabase;
let homeserver: Homeserver;
let report: Report;

beforeAll(async () => {
  database = await testDatabase();
  const [port = 0, ...ports] = await freePorts(1 + roleNames.length);
  const files = writeRegistrations({ dir: folder, host: '127.0.0.1', ports });
  const config = configFrom(
    {
      server_name: 'localhost',
      database: database.url,
      data_dir: './data',
      listeners: [{ bind: '127.0.0.1', port }],
      appservices: { files, request_timeout_ms: 3000 },
      accounts: { registration: { mode: 'open' }, password_cost: 'low' },
      admin: { users: ['@root:localhost'] },
      // People are limited where they flood, so that an exemption can be seen.
      rate_limits: { ...Object.fromEntries(unlimited), message: { per_second: 40, burst: 50 } },
    },
    folder,
  );
  const start = async () => {
    homeserver = await createHomeserver(config, { log: silentLog });
    await homeserver.listen();
  };
  await start();
  await homeserver.ensureAccount({ localpart: 'root', password: 'pw', admin: true });
  const url = `http://127.0.0.1:${port}`;
  const login = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'root' }, password: 'pw' };
  const { access_token: token } = await request<{ access_token: string }>(url, 'POST', '/_matrix/client/v3/login', {
    body: login,
  });
  report = await runConformance({
    url,
    installer: ponsInstaller(url, token),
    registrations: readRegistrations(folder),
    patienceMs: 60_000,
    // In process nothing can be killed; a kill is in as-check conformance, a stop is here.
    restart: async () => {
      await homeserver.stop();
      await start();
    },
    onResult: (one) => {
      if (process.env['PONS_SHOW'] !== undefined)
        console.warn(`${one.outcome} ${one.id} ${one.tookMs} ${one.reason ?? ''}`);
    },
  });
}, 600_000);
afterAll(async () => {
  await homeserver.stop();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

describe('our homeserver', () => {
  it.each(homeserverCases.map(({ id, claim }) => [id, claim] as const))('%s: %s', (id) => {
    const result = report.results.find((one) => one.id === id);
    const gap = gaps[id];
    if (gap === undefined) expect(result).toMatchObject({ outcome: 'passed' });
    else expect(result?.outcome, `${id} holds now: take it off the list of gaps`).not.toBe('passed');
  });
});
