// `pons appservice` as an operator meets it: tables, JSON, plain refusals, and a folder of files beside what was added.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AppserviceDouble } from '@pons/testkit/appservice';
import { request } from '@pons/testkit/requests';
import { type Served, serve, testConfig } from '@pons/testkit/serve';
import { afterAll, beforeAll, expect, test } from 'vitest';

const main = resolve(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'pons-appservice-'));
const v3 = '/_matrix/client/v3';
let server: Served;
let token: string;

beforeAll(async () => {
  mkdirSync(join(folder, 'appservices'));
  const config = testConfig({ appservices: { folder: './appservices' }, admin: { users: ['@root:localhost'] } });
  server = await serve({ dir: folder, config });
  const body = { username: 'root', password: 'pw', auth: { type: 'm.login.dummy' } };
  token = String((await request(server.url, 'POST', `${v3}/register`, { body }))['access_token']);
});
afterAll(async () => {
  await server.end();
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

function pons(...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [main, 'appservice', ...args, '--server', server.url], {
    cwd: folder,
    env: { ...process.env, PONS_TOKEN: token },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, errors] = ['', ''];
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  return new Promise((done) => child.on('close', (code) => done({ code, out, errors })));
}

function registration(id: string, more: object = {}): string {
  const text = {
    id,
    url: null,
    as_token: `as-${id}`,
    hs_token: `hs-${id}`,
    sender_localpart: `_${id}_bot`,
    rate_limited: false,
    namespaces: { users: [{ exclusive: true, regex: `@_${id}_.*:localhost` }] },
    ...more,
  };
  return JSON.stringify(text, undefined, 2);
}

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const whoami = (as: string) =>
  request(server.url, 'GET', `${v3}/account/whoami`, { token: as }).then(
    ({ user_id: userId }) => String(userId),
    (error: Error) => error.message,
  );
const ghost = (as: string, username: string) =>
  request(server.url, 'POST', `${v3}/register`, {
    token: as,
    body: { type: 'm.login.application_service', username, inhibit_login: true },
  });

test('one is looked at, added, shown and listed, and refused with file, line and reason', async () => {
  write('irc.yaml', registration('irc'));
  expect(await pons('add', 'irc.yaml', '--dry-run')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/irc: would be added\n$/),
  });
  expect(await whoami('as-irc')).toContain('M_UNKNOWN_TOKEN');
  expect(await pons('add', 'irc.yaml')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/irc: added; it acts as @_irc_bot:localhost\n$/),
  });
  expect(await whoami('as-irc')).toBe('@_irc_bot:localhost');
  const shown = (await pons('show', 'irc')).out;
  expect(shown).toMatch(/^acts as +@_irc_bot:localhost$/m);
  expect(shown).toMatch(/^users +yes +@_irc_\.\*:localhost$/m);
  expect(shown).not.toContain('as-irc');
  expect(JSON.parse((await pons('show', 'irc', '--json')).out)).toMatchObject({ id: 'irc', source: 'database' });

  expect(await pons('add', 'irc.yaml')).toMatchObject({
    code: 2,
    errors: 'irc.yaml:2: id: "irc" is registered already: give it another id, or replace it (--replace)\n',
  });
  write('wrong.yaml', 'id: wrong\nurl: 3\n');
  const wrong = await pons('add', 'wrong.yaml');
  expect([wrong.code, wrong.errors]).toEqual([
    2,
    expect.stringContaining('wrong.yaml:2: url: must be text, is a number'),
  ]);
  expect((await pons('add', 'nowhere.yaml')).errors).toMatch(/^nowhere\.yaml: does not exist\n$/);

  write('appservices/broken.yaml', 'id: [');
  await expect.poll(async () => (await pons('list')).out).toMatch(/refused: .*broken\.yaml:1: is not YAML/);
  const listed = (await pons('list')).out.split('\n');
  expect(listed[0]).toMatch(/^id +state +waiting/);
  expect(listed[1]).toMatch(/^irc +disconnected +0/);
  rmSync(join(folder, 'appservices/broken.yaml'));
});

test('new tokens are written to a file, and the old one lives on until it is ended', async () => {
  write('new.yaml', 'what was there, for everybody to read');
  const rotated = await pons('rotate', 'irc', '--overlap', '30m', '--out', 'new.yaml');
  expect(rotated).toMatchObject({ code: 0, out: expect.stringContaining('irc: its new registration is in new.yaml') });
  expect(statSync(join(folder, 'new.yaml')).mode & 0o777).toBe(0o600);
  const next = JSON.parse(readFileSync(join(folder, 'new.yaml'), 'utf8')) as { as_token: string };
  expect(await whoami('as-irc')).toBe('@_irc_bot:localhost');
  expect(await whoami(next.as_token)).toBe('@_irc_bot:localhost');
  expect(await pons('rotate', 'irc', '--end-overlap')).toMatchObject({ code: 0 });
  expect(await whoami('as-irc')).toContain('M_UNKNOWN_TOKEN');
  write('irc.yaml', readFileSync(join(folder, 'new.yaml'), 'utf8'));
  expect((await pons('rotate', 'irc', '--overlap', 'soon')).errors).toBe(
    'soon is no duration: write 90s, 30m, 1h or 7d\n',
  );
  expect((await pons('rotate', 'nobody')).errors).toBe('404: There is no application service with that id.\n');
  const unwritten = await pons('rotate', 'irc', '--out', 'nowhere/new.yaml');
  expect(unwritten).toMatchObject({
    code: 2,
    errors: expect.stringMatching(/^nowhere\/new\.yaml: its folder does not exist\n$/),
  });
  const { groups = {} } = /^as_token: (?<asToken>\S+)$/m.exec(unwritten.out) ?? {};
  expect(await whoami(groups['asToken'] ?? '')).toBe('@_irc_bot:localhost');
  write('irc.yaml', registration('irc', { as_token: groups['asToken'] }));
});

test('a token for a helper acts as one ghost until its time is over', async () => {
  const { as_token: asToken } = JSON.parse(readFileSync(join(folder, 'irc.yaml'), 'utf8')) as { as_token: string };
  await ghost(asToken, '_irc_bob');
  const made = await pons('token', 'irc', '--ghost', '@_irc_bob:localhost', '--until', '1h');
  expect(await whoami(made.out.trim())).toBe('@_irc_bob:localhost');
  expect((await pons('token', 'irc')).errors).toMatch(/say what the token is narrowed to/);
  expect((await pons('token', 'irc', '--until', '9999d')).errors).toBe(
    '--until is 9999d: it must lie ahead, within ten years\n',
  );
  expect((await pons('rotate', 'irc', '--overlap', '99d')).errors).toBe('--overlap is 99d: write 0s to 30d\n');
  expect((await pons('token', 'irc', '--until', 'later')).errors).toMatch(/^later is neither a date/);
});

test('what was set aside and what is sent again is told in words, and to programs as it is', async () => {
  expect((await pons('set-aside', 'irc')).out).toBe('irc: nothing was set aside\n');
  expect((await pons('set-aside', 'irc', '--json')).out).toBe('{"set_aside":[]}\n');
  expect((await pons('replay', 'irc')).out).toBe('irc: nothing was set aside\n');
  expect((await pons('replay', 'irc', '--json')).out).toBe('{"replaying":0}\n');
  expect((await pons('replay', 'irc', '--since', '1h', '--after', '1')).errors).toBe(
    'give either --after or --since\n',
  );

  const double = new AppserviceDouble();
  const namespaces = { rooms: [{ exclusive: false, regex: '!.*' }] };
  write('all.yaml', registration('all', { url: await double.listen(), namespaces }));
  await pons('add', 'all.yaml');
  expect((await pons('replay', 'all', '--since', '2100-01-01')).out).toBe(
    'all: nothing from there on was sent to it yet\n',
  );
  await request(server.url, 'POST', `${v3}/createRoom`, { token, body: {} });
  await expect.poll(async () => (await pons('show', 'all')).out).toMatch(/^delivered +[1-9]\d* events? in /m);
  expect((await pons('replay', 'all', '--after', '0')).out).toMatch(
    /^all: what concerns it from position 1 to \d+ of the stream is sent again, before anything new\n$/,
  );
  await pons('remove', 'all', '--ghosts', 'keep', '--rooms', 'keep', '--aliases', 'keep');
  await double.close();
});

test('removal asks what becomes of the ghosts, and does it', async () => {
  expect((await pons('remove', 'irc')).errors).toBe(
    'say what becomes of its ghosts, rooms, aliases: --ghosts keep|deactivate|purge --rooms keep|leave --aliases keep|remove\n',
  );
  const fate = ['--rooms', 'keep', '--aliases', 'remove'];
  expect((await pons('remove', 'irc', ...fate)).errors).toBe(
    'say what becomes of its ghosts: --ghosts keep|deactivate|purge\n',
  );
  expect((await pons('remove', 'irc', '--ghosts', 'eat', ...fate)).errors).toBe(
    '--ghosts is keep or deactivate or purge, not eat\n',
  );
  expect(await pons('remove', 'irc', '--ghosts', 'keep', ...fate)).toMatchObject({
    code: 0,
    out: expect.stringContaining('irc: removed'),
  });
  expect((await pons('list')).out).toContain('removed, its users are still there: irc');
  expect((await pons('ghosts', 'irc', '--pattern', '@_irc_bob')).out).toMatch(/^@_irc_bob:localhost .*\n1 of 1\n$/m);
  expect(await pons('ghosts', 'irc', '--pattern', '', '--purge')).toMatchObject({
    code: 2,
    errors: expect.stringContaining('It is empty: leave it out for all of them.'),
  });
  // What was left behind can be decided later.
  expect(await pons('remove', 'irc', '--ghosts', 'deactivate', ...fate)).toMatchObject({
    code: 0,
    out: expect.stringContaining('irc: 2 users deactivated'),
  });
  expect((await pons('ghosts', 'irc')).out).toMatch(/^@_irc_bob:localhost .*deactivated$/m);
  for (const words of [
    ['ghosts', 'nobody'],
    ['ghosts', 'nobody', '--purge'],
    ['show', 'nobody'],
  ])
    expect(await pons(...words)).toEqual({
      code: 2,
      out: '',
      errors: '404: There is no application service with that id.\n',
    });
});

test('one that a file owns is removed with its file', async () => {
  write('appservices/slack.yaml', registration('slack'));
  await expect.poll(() => whoami('as-slack')).toBe('@_slack_bot:localhost');
  const refused = await pons('remove', 'slack', '--ghosts', 'keep', '--rooms', 'keep', '--aliases', 'keep');
  expect(refused.errors).toMatch(/^slack belongs to the file .*slack\.yaml: delete the file, then run this again/);
  expect((await pons('rotate', 'slack')).errors).toMatch(
    /slack belongs to the file .*slack\.yaml: put the new as_token.*\nas_token: [0-9a-f]{64}\nhs_token: [0-9a-f]{64}\n$/,
  );
  await ghost('as-slack', '_slack_a');
  expect(await pons('ghosts', 'slack', '--purge')).toMatchObject({ code: 0, out: 'slack: 1 user purged\n' });
  rmSync(join(folder, 'appservices/slack.yaml'));
  await expect.poll(() => whoami('as-slack')).toContain('M_UNKNOWN_TOKEN');
});
