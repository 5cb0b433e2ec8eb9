// `pons appservice conformance` as an operator runs it: against a running Pons, which is given the services live and loses them again;
// and its two refusals.
import { spawnSync } from 'node:child_process';
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

it('adds its services, judges, prints one line and takes them away again', async () => {
  const [firstPort = 0] = await freePorts(1);
  const common = ['--against', server.url, '--token', token, '--first-port', String(firstPort)];
  const { stdout, status, stderr } = conformance(
    ...common,
    '--only',
    'pinging/answered',
    '--only',
    'accounts/',
    '--json',
  );
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({
    name: 'appservice-conformance',
    ok: true,
    figures: { must_failed: { value: 0, unit: 'claims', limit: 0 } },
  });
  expect(status).toBe(0);
  const left = await request<{ appservices: unknown[] }>(server.url, 'GET', '/_pons/admin/v1/appservices', { token });
  expect(left.appservices).toEqual([]);
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
