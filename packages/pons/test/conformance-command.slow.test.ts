// `pons appservice conformance` as an operator runs it: against a running Pons, which is given the services live and loses them again
// with all that they made; and what it says of a set-up that is wrong.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePorts } from '@pons/testkit/free-ports';
import { registerUser, request } from '@pons/testkit/requests';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { afterAll, beforeAll, expect, it } from 'vitest';

const main = path.resolve(import.meta.dirname, '../src/main.ts');
const dir = mkdtempSync(path.join(tmpdir(), 'pons-conformance-command-'));
let server: Served;
let token = '';

beforeAll(async () => {
  server = await serve({ dir, config: testConfig({ admin: { users: ['@root:localhost'] } }) });
  token = (await registerUser(server.url, 'root')).token;
});
afterAll(async () => {
  await server.end();
  rmSync(dir, { recursive: true, force: true });
});

const conformance = (...args: readonly string[]) =>
  spawnSync(process.execPath, [main, 'appservice', 'conformance', ...args], { encoding: 'utf8', cwd: dir });

/** What is there besides accounts that have ended. */
async function left() {
  const ask = <T>(below: string) => request<T>(server.url, 'GET', `/_pons/admin/v1/${below}`, { token });
  const { appservices, removed } = await ask<{ appservices: unknown[]; removed: unknown[] }>('appservices');
  const { rooms } = await ask<{ rooms: unknown[] }>('rooms');
  const { users } = await ask<{ users: { user_id: string; deactivated: boolean }[] }>('users?ghosts=true&limit=1000');
  const living = users.filter(({ deactivated }) => !deactivated).map(({ user_id }) => user_id);
  return { appservices, removed, rooms, users: living };
}

it('adds its services, judges, prints one line and takes away again what was made', async () => {
  const [firstPort = 0] = await freePorts(1);
  const common = ['--against', server.url, '--token', token, '--first-port', String(firstPort)];
  const { stdout, status, stderr } = conformance(
    ...common,
    '--only',
    'pinging/answered',
    '--only',
    'accounts/',
    '--only',
    'directory/',
    '--json',
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({
    name: 'appservice-conformance',
    ok: true,
    figures: { must_failed: { value: 0, unit: 'claims', limit: 0 } },
  });
  expect(status).toBe(0);
  expect(await left()).toEqual({ appservices: [], removed: [], rooms: [], users: ['@root:localhost'] });
});

it('takes away again what was made when it is interrupted', async () => {
  const [firstPort = 0] = await freePorts(1);
  const common = ['--against', server.url, '--token', token, '--first-port', String(firstPort)];
  const running = spawn(process.execPath, [main, 'appservice', 'conformance', ...common], { stdio: 'ignore' });
  const ended = new Promise((resolve) => running.once('exit', resolve));
  await expect.poll(async () => (await left()).rooms.length, { timeout: 60_000 }).toBeGreaterThan(0);
  running.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(await left()).toEqual({ appservices: [], removed: [], rooms: [], users: ['@root:localhost'] });
});

it('writes the registrations that another homeserver loads', () => {
  const { stdout, status } = conformance('--write-registrations', path.join(dir, 'for-others'));
  expect(status).toBe(0);
  expect(stdout.trim().split('\n')).toHaveLength(readdirSync(path.join(dir, 'for-others')).length);
});

it('says what it lacks', () => {
  const { status, stderr } = conformance('--against', server.url);
  expect(status).toBe(2);
  expect(stderr).toMatch(/--write-registrations[\s\S]*--token/);
});

it('runs nothing for an address or claims that are none, and says so', () => {
  const registration = path.join(dir, 'none.yaml');
  for (const [given, words] of [
    [['test', 'notaurl', '--registration', registration], /^the first argument is "notaurl": write a URL/],
    [['test', 'http://127.0.0.1:1', '--registration', registration, '--only', 'nonsense/'], /^no claim begins with/],
    [['conformance', '--against', 'notaurl', '--token', 'x'], /^--against is "notaurl": write a URL/],
    [['conformance', '--against', server.url, '--token', token, '--only', 'nonsense/'], /^no claim begins with/],
  ] as const) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'appservice', ...given], {
      encoding: 'utf8',
      cwd: dir,
    });
    expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(words) });
    expect(stderr).not.toContain('    at ');
  }
});

it('says what the set-up lacks before it tries any claim, and leaves nothing behind', async () => {
  const wrongToken = conformance('--against', server.url, '--token', 'of-nobody');
  expect(wrongToken).toMatchObject({ status: 2, stdout: '' });
  expect(wrongToken.stderr).toMatch(/not an administrator’s[\s\S]*--token/);
  const nobodyThere = conformance('--against', 'http://127.0.0.1:1', '--token', token);
  expect(nobodyThere).toMatchObject({ status: 2, stdout: '' });
  expect(nobodyThere.stderr).toContain('--against');

  await server.end();
  const accounts = { registration: { mode: 'closed', shared_secret: 'test-only' }, password_cost: 'low' };
  server = await serve({ dir, config: testConfig({ admin: { users: ['@root:localhost'] }, accounts }) });
  const [firstPort = 0] = await freePorts(1);
  const common = ['--against', server.url, '--token', token, '--first-port', String(firstPort)];
  const closed = conformance(...common);
  expect(closed).toMatchObject({ status: 2, stdout: '' });
  expect(closed.stderr).toMatch(/cannot register people[\s\S]*--shared-secret/);
  expect(conformance(...common, '--shared-secret', 'another').stderr).toMatch(/by the shared secret/);
  expect(await left()).toEqual({ appservices: [], removed: [], rooms: [], users: ['@root:localhost'] });
  expect(conformance(...common, '--shared-secret', 'test-only', '--only', 'pinging/answered').status).toBe(0);
});
