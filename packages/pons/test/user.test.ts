// `pons user` as an operator meets it: passwords from standard input, plain refusals, the lock of a running server; and `pons db` on the
// same folder, since both work without the server.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { request } from '@pons/testkit/requests';
import { serve, testConfig } from '@pons/testkit/serve';
import { afterAll, expect, test } from 'vitest';

const main = resolve(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'pons-user-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function pons(args: readonly string[], input = ''): Promise<{ code: number | null; out: string; errors: string }> {
  const child = spawn(process.execPath, [main, ...args, '--config', 'homeserver.yaml'], { cwd: folder });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  child.stdin.end(input);
  return new Promise((done) => child.on('close', (code) => done({ code, out, errors })));
}

test('an administrator is made, signs in, gets another password and is signed out by that', async () => {
  const first = await serve({ dir: folder, config: testConfig() });
  const running = await pons(['user', 'create', 'root'], 'secret\n');
  expect(running.code).toBe(2);
  expect(running.errors).toMatch(/^data folder \S+ is in use by another Pons process \(pid \d+\): stop it first\n$/);
  expect(await pons(['db', 'check'])).toMatchObject({ code: 0, out: 'all agrees\n' });
  await first.end();

  expect(await pons(['user', 'create', 'root', '--admin'], 'secret\n')).toMatchObject({
    code: 0,
    out: '@root:localhost created, an administrator\n',
  });
  const again = await pons(['user', 'create', 'root'], 'other\n');
  expect([again.code, again.errors]).toEqual([2, '@root:localhost exists: pons user reset-password\n']);
  const signIn = (url: string, password: string) =>
    request<{ access_token: string }>(url, 'POST', '/_matrix/client/v3/login', {
      body: { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'root' }, password },
    });
  const second = await serve({ dir: folder, config: testConfig() });
  const { access_token: token } = await signIn(second.url, 'secret');
  expect(await request(second.url, 'GET', '/_pons/admin/v1/appservices', { token })).toMatchObject({ appservices: [] });
  await second.end();

  expect(await pons(['user', 'reset-password', 'root'], 'changed')).toMatchObject({ code: 0 });
  const third = await serve({ dir: folder, config: testConfig() });
  await expect(request(third.url, 'GET', '/_matrix/client/v3/account/whoami', { token })).rejects.toThrow(
    'M_UNKNOWN_TOKEN',
  );
  await expect(signIn(third.url, 'secret')).rejects.toThrow('M_FORBIDDEN');
  await signIn(third.url, 'changed');
  await third.end();
});

test('a name that cannot be, an empty password and nobody of that name are one plain line each', async () => {
  const refusals = [
    await pons(['user', 'create', 'Not a name'], 'secret'),
    await pons(['user', 'create', 'alice'], ''),
    await pons(['user', 'reset-password', 'nobody'], 'secret'),
  ];
  expect(refusals.map(({ code, errors }) => [code, errors])).toEqual([
    [2, 'a user name has only the characters a-z, 0-9 and . _ = - / +\n'],
    [2, 'give a password that is not empty\n'],
    [2, 'there is no @nobody:localhost\n'],
  ]);
});

test('a dump fills another folder, which is then served as if nothing had happened', async () => {
  expect(await pons(['db', 'dump', 'dump.gz'])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+ rows in/) });
  const elsewhere = ['--set', 'data_dir=./elsewhere'];
  expect(await pons(['db', 'restore', 'dump.gz', ...elsewhere])).toMatchObject({ code: 0 });
  expect(await pons(['db', 'check', ...elsewhere])).toMatchObject({ code: 0, out: 'all agrees\n' });
  const twice = await pons(['db', 'restore', 'dump.gz', ...elsewhere]);
  expect([twice.code, twice.errors]).toEqual([
    2,
    'the database belongs to localhost already: restore into an empty one\n',
  ]);
  expect((await pons(['user', 'create', 'root', ...elsewhere], 'x')).errors).toContain('@root:localhost exists');
});
