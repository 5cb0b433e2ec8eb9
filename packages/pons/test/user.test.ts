// `pons user` as an operator meets it: passwords from standard input, plain refusals, the lock of a running server; and `pons db` on the
// same folder, since both work without the server.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { request } from '@pons/testkit/requests';
import { serve, testConfig } from '@pons/testkit/serve';
import { afterAll, expect, test } from 'vitest';

const main = resolve(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'pons-user-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

const pons = (args: readonly string[], input = '') => run([...args, '--config', 'homeserver.yaml'], input);
function run(args: readonly string[], input = '', env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, env: { ...process.env, ...env } });
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

  const at = ['--server', third.url];
  const { out: printed, code } = await run(['user', 'token', 'root', ...at], 'changed\n');
  expect([code, printed]).toEqual([0, expect.stringMatching(/^pons_\S+\n$/)]);
  expect(await run(['room', 'list', ...at], '', { PONS_TOKEN: printed.trim() })).toMatchObject({
    code: 0,
    out: 'this server knows no room yet\n',
  });
  expect(await run(['room', 'list', ...at], '', { PONS_TOKEN: '' })).toMatchObject({
    code: 2,
    errors: expect.stringMatching(/^sign in first: export PONS_TOKEN=\$\(pons user token NAME\), [^\n]+\n$/),
  });
  expect((await run(['room', 'list', ...at, '--token', 'old'])).errors).toMatch(/^401: .* \(pons user token NAME\)\n$/);
  expect((await run(['user', 'token', 'root', ...at], 'wrong')).errors).toMatch(/^403: /);
  expect((await run(['user', 'token', 'root', '--server', 'localhost'], 'x')).errors).toBe(
    '--server is localhost: write a URL such as http://127.0.0.1:8008\n',
  );
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

test('a dump fills another folder, which is then the same server, as if nothing had happened', async () => {
  const dumped = await pons(['db', 'dump', 'dump.gz']);
  expect(dumped).toMatchObject({ code: 0, errors: '' });
  expect(dumped.out).toMatch(/^\d+ rows in \d+ tables\nnot in it are media: keep \S+\/data\/media too\n$/);
  expect(await pons(['db', 'dump', 'dump.gz'])).toEqual({
    code: 2,
    out: '',
    errors: 'dump.gz is there already: choose another name, or --force to write over it\n',
  });
  expect(await pons(['db', 'dump', '--force', 'dump.gz'])).toMatchObject({ code: 0 });

  const elsewhere = ['--set', 'data_dir=./elsewhere'];
  const key = join(folder, 'elsewhere/signing.key');
  expect(await pons(['db', 'restore', ...elsewhere, 'dump.gz'])).toMatchObject({
    code: 0,
    errors: `the signing key is in ${key}\n`,
  });
  expect(readFileSync(key, 'utf8')).toBe(readFileSync(join(folder, 'data/signing.key'), 'utf8'));
  expect(await pons(['db', 'check', ...elsewhere])).toMatchObject({ code: 0, out: 'all agrees\n' });
  const twice = await pons(['db', 'restore', 'dump.gz', ...elsewhere]);
  expect([twice.code, twice.errors]).toEqual([
    2,
    'the database belongs to localhost already: restore into an empty one\n',
  ]);
  expect((await pons(['user', 'create', 'root', ...elsewhere], 'x')).errors).toContain('@root:localhost exists');
});

test('a dump without the signing key and a restore that finds none say so, with the remedy; one that is there stays', async () => {
  const keyless = ['--set', 'signing_key_file=./nowhere/signing.key'];
  const dumped = await pons(['db', 'dump', 'keyless.gz', ...keyless]);
  expect([dumped.code, dumped.errors]).toEqual([
    0,
    expect.stringMatching(/^the dump holds no signing key, because signing_key_file \S+ does not exist: put [^\n]+\n$/),
  ]);
  const restored = await pons(['db', 'restore', 'keyless.gz', '--set', 'data_dir=./third']);
  expect([restored.code, restored.errors]).toEqual([
    0,
    expect.stringMatching(
      /^no signing key: the dump holds none and signing_key_file \S+ does not exist: put [^\n]+\n$/,
    ),
  ]);
  const third = join(folder, 'third/signing.key');
  const lost = await pons(['user', 'create', 'late', '--set', 'data_dir=./third'], 'secret\n');
  expect([lost.code, lost.errors]).toEqual([
    2,
    expect.stringMatching(
      new RegExp(`^signing_key_file: ${third} is not there, [^\n]+ \`pons config new-key ${third}\` [^\n]+\n$`),
    ),
  ]);
  expect(await run(['config', 'new-key', third])).toMatchObject({
    code: 0,
    out: expect.stringMatching(new RegExp(`^ed25519:a_\\w+ is in ${third}\n$`)),
  });
  expect(await run(['config', 'new-key', third])).toMatchObject({ code: 2 });
  expect(await pons(['user', 'create', 'late', '--set', 'data_dir=./third'], 'secret\n')).toMatchObject({ code: 0 });
  const other = join(folder, 'other.key');
  writeFileSync(other, 'ed25519 a_other AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n');
  const kept = await pons([
    'db',
    'restore',
    'dump.gz',
    '--set',
    'data_dir=./fourth',
    '--set',
    `signing_key_file=${other}`,
  ]);
  expect([kept.code, kept.errors]).toEqual([
    0,
    `signing_key_file ${other} holds another key than the dump and was left as it is\n`,
  ]);
});

test('a restore whose signing key has no place puts no row in, and can be repeated', async () => {
  writeFileSync(join(folder, 'in-the-way'), '');
  const args = ['db', 'restore', 'dump.gz', '--set', 'data_dir=./fifth'];
  const failed = await pons([...args, '--set', 'signing_key_file=./in-the-way/signing.key']);
  expect([failed.code, failed.errors]).toEqual([
    2,
    expect.stringMatching(/^signing_key_file: \S+in-the-way\/signing\.key cannot be (read|made): [^\n]+\n$/),
  ]);
  expect(await pons(args)).toMatchObject({
    code: 0,
    errors: `the signing key is in ${join(folder, 'fifth/signing.key')}\n`,
  });
});
