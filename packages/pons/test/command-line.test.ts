// The command itself, before any homeserver: which Node it takes, which command lines it refuses, and what `registration` says of files.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const bin = resolve(import.meta.dirname, '../bin/pons.js');
const main = resolve(import.meta.dirname, '../src/main.ts');
const fixtures = resolve(import.meta.dirname, '../../../registration/fixtures');
const folder = mkdtempSync(join(tmpdir(), 'pons-command-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

function run(words: readonly string[], { node = process.execPath, cwd = folder } = {}): Promise<Ended> {
  return new Promise((done) =>
    execFile(node, words, { cwd, env: { ...process.env, NODE_OPTIONS: '' } }, (error, out, errors) =>
      done({ code: error === null ? 0 : Number(error.code), out, errors }),
    ),
  );
}
const pons = (...words: string[]) => run([main, ...words]);

describe('the launcher', () => {
  /** A Node that calls itself another version, whatever it is. */
  const pretending = (version: string) => [
    '--import',
    `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`,
  ];

  test.each(['18.20.8', '20.20.2', '22.9.0', '24.6.0'])(
    'on Node %s says in one line which it needs and how to get it',
    async (version) => {
      expect(await run([...pretending(version), bin, 'start'])).toEqual({
        code: 2,
        out: '',
        errors: `pons: needs Node 24.7 or newer, this is ${version}; from a checkout run it through pnpm, which brings one: npx -y pnpm@12.21.0 pons …\n`,
      });
    },
  );

  test.each(['24.7.0', '25.0.0', '30.1.2'])('on Node %s runs', async (version) => {
    expect(await run([...pretending(version), bin, '--version'])).toMatchObject({ code: 0, errors: '' });
  });

  test('on the Node of this machine, when that is another, does one or the other', async () => {
    const node = ['/usr/bin/node', '/usr/local/bin/node'].find((file) => existsSync(file)) ?? process.execPath;
    const [, major = '', minor = ''] = /^v(\d+)\.(\d+)/.exec((await run(['--version'], { node })).out) ?? [];
    const old = Number(major) < 24 || (Number(major) === 24 && Number(minor) < 7);
    const { code, errors } = await run([bin, '--version'], { node });
    expect([code, /^pons: needs Node 24\.7 or newer, this is [^\n]+\n$/.test(errors)]).toEqual([old ? 2 : 0, old]);
  });
});

describe('a command line that cannot be is exit code 2 and says why', () => {
  test.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['serve'], "required option '--config <file>' not specified"],
    [['serve', '--config'], "option '--config <file>' argument missing"],
    [['serve', '--config', 'absent.yaml'], 'absent.yaml'],
    [['start', '--port', '99999'], "argument '99999' is invalid. Write a whole number, from 0 to 65535."],
    [['start', '--port', '1.5'], 'Write a whole number, from 0 to 65535.'],
    [['start', '--irc-port', '-1'], 'Write a whole number, from 0 to 65535.'],
    [['start', '--irc', ':6697'], 'Write host:port, such as irc.libera.chat:6697.'],
    [['start', '--irc', 'irc.example.net:0'], 'Write host:port, such as irc.libera.chat:6697.'],
    [['start', '--channel', 'pons'], "Write '#pons', with the quotes in a shell."],
    [['start', '--channel', '#a,#b'], "Write '#hello', with the quotes in a shell."],
    [['start', '--frob'], "unknown option '--frob'"],
    [['registration', 'generate', '--id', 'x'], "required option '--url <url>' not specified"],
    [['registration', 'generate', '--id', 'x', '--url', 'none'], 'give --server-name, or --users with a regex'],
    [['registration', 'check'], "missing required argument 'files'"],
    [['registration', 'check', 'absent.yaml'], 'absent.yaml: does not exist'],
    [['registration', 'check', '.'], '.: is a folder'],
    [['appservice', 'replay', 'x', '--after', 'abc'], 'Write a whole number, 0 or more.'],
    [
      ['registration', 'generate', '--id', 'x', '--server-name', 'y', '--url', 'z'],
      'url: is not a URL: write http://host:port',
    ],
    [['config', 'check'], "missing required argument 'file'"],
  ])('%j: %s', async (words, reason) => {
    const { code, out, errors } = await pons(...words);
    expect([code, out]).toEqual([2, '']);
    expect(errors).toContain(reason);
    expect(errors).not.toMatch(/^\s+at /m);
  });

  test.each([[['--help']], [['--version']], [['start', '--help']], [['registration', 'check', '--help']]])(
    'and one that asks for help is 0: %j',
    async (words) => {
      expect(await pons(...words)).toMatchObject({ code: 0, errors: '' });
    },
  );
});

test('a port that is taken, at which a homeserver would be played, is one line that names its option', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const registration = join(fixtures, 'no-underscore.yaml');
  const words = ['http://127.0.0.1:9', '--registration', registration, '--homeserver-port', String(port)];
  expect(await pons('appservice', 'test', ...words, '--server-name', 'example.org')).toEqual({
    code: 2,
    out: '',
    errors: `port ${port}, at which the homeserver is played, is taken: give another to --homeserver-port\n`,
  });
  taken.close();
});

describe('pons registration check', () => {
  const check = (...words: string[]) => run([main, 'registration', 'check', ...words], { cwd: fixtures });

  test('is 0 for warnings and notes, 1 for warnings when strict, 2 for what a homeserver would refuse', async () => {
    const codes = async (...files: string[]) => [
      (await check(...files)).code,
      (await check('--strict', ...files)).code,
    ];
    expect(await codes('no-underscore.yaml')).toEqual([0, 0]);
    expect(await codes('open-end.yaml', 'no-underscore.yaml')).toEqual([0, 1]);
    expect(await codes('refused.yaml', 'open-end.yaml')).toEqual([2, 2]);
    expect(await codes('id-twice.a.yaml', 'id-twice.b.yaml')).toEqual([2, 2]);
  });

  test('names files and lines, what is wrong on standard error and the rest on standard output', async () => {
    const { out, errors } = await check('as-token-twice.a.yaml', 'as-token-twice.b.yaml', 'misspelt.yaml');
    expect(errors).toBe(
      'as-token-twice.b.yaml:4: error: as_token: is the as_token of another: make a new secret for one of them (as-token-twice.a.yaml:4: as_token) [as-token-twice]\n',
    );
    expect(out).toContain(
      'misspelt.yaml:8: warning: protocol: is not known and ignored; did you mean protocols? [misspelt]\n',
    );
    expect(out).toMatch(/\n2 good, 1 error, \d+ warnings, \d+ notes, as example\.org would load them\n$/);
  });

  test('with --json is one line that CI can read', async () => {
    const { out, code } = await check('--json', '--strict', 'overlap.a.yaml', 'overlap.b.yaml');
    expect([code, out.split('\n').length]).toEqual([1, 2]);
    expect(JSON.parse(out)).toMatchObject({
      name: 'registration check',
      ok: false,
      server_name: 'example.org',
      good: 2,
      findings: expect.arrayContaining([
        expect.objectContaining({
          code: 'overlap',
          level: 'warning',
          file: 'overlap.b.yaml',
          line: 10,
          sample: '@_irc_net_a:example.org',
          other: { file: 'overlap.a.yaml', line: 10, path: 'namespaces.users[0].regex' },
        }),
      ]),
    });
  });

  test('takes the server from the patterns, unless it is told', async () => {
    const text = (server: string) =>
      `id: x\nurl: http://x:1\nas_token: "0123456789abcdefghijklm"\nhs_token: "1023456789abcdefghijklm"\nsender_localpart: _x_bot\nrate_limited: false\nnamespaces: {users: [{regex: '^@_x_.*:${server}$', exclusive: true}]}\n`;
    writeFileSync(join(folder, 'x.yaml'), text('chat\\.example\\.com'));
    expect(await pons('registration', 'check', '--strict', 'x.yaml')).toMatchObject({
      code: 0,
      out: '1 good, 0 errors, 0 warnings, 0 notes, as chat.example.com would load them\n',
    });
    const other = await pons('registration', 'check', '--strict', '--server-name', 'example.org', 'x.yaml');
    expect([other.code, other.out]).toEqual([
      1,
      expect.stringContaining('it asks for the server chat.example.com, this one is example.org'),
    ]);
  });

  test('finds nothing in what generate writes', async () => {
    const generate = [
      'registration',
      'generate',
      '--id',
      'irc',
      '--url',
      'http://bridge:9009',
      '--server-name',
      'hs.example',
      '--aliases',
      '#line:hs.example',
    ];
    expect((await pons(...generate, '--out', 'made.yaml')).code).toBe(0);
    const { code, out } = await pons('registration', 'check', '--strict', 'made.yaml');
    expect([code, out]).toEqual([0, '1 good, 0 errors, 0 warnings, 0 notes, as hs.example would load them\n']);
  });
});
