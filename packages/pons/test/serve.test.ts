// The launch contract as harnesses meet it: `pons serve` as a process, its ready line, its signals, its exit codes, and `pons config`.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const main = resolve(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'pons-serve-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return name;
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

/** Runs the command; `whenReady` is called with the first line on standard output. */
function pons(
  args: readonly string[],
  whenReady?: (line: string, signal: (name: NodeJS.Signals) => void) => void,
): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, errors] = ['', ''];
  let told = false;
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
    if (told || !out.includes('\n')) return;
    told = true;
    whenReady?.(out.split('\n')[0] ?? '', (name) => child.kill(name));
  });
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  return new Promise((done) => child.on('close', (code) => done({ code, out, errors })));
}

const anyPort = 'listeners: [{ port: 0 }]\n';
const good =
  'server_name: localhost\ndata_dir: ./data\nlisteners: [{ port: 0 }, { unix: ./pons.sock, serves: [health] }]\n';

describe('pons serve', () => {
  test('says in one line that it is ready, answers, and ends with 0 on SIGTERM', async () => {
    const file = write('good.yaml', good);
    const ready: string[] = [];
    const statuses: number[] = [];
    const ended = await pons(['serve', '--config', file], (line, signal) => {
      ready.push(line);
      const [{ url }] = (JSON.parse(line) as { listeners: [{ url: string }] }).listeners;
      void fetch(`${url}/_matrix/client/versions`).then(({ status }) => {
        statuses.push(status);
        signal('SIGTERM');
      });
    });
    expect(statuses).toEqual([200]);
    expect(ended.code).toBe(0);
    expect(ended.out).toBe(`${ready[0]}\n`);
    expect(JSON.parse(ready[0] ?? '')).toMatchObject({
      event: 'ready',
      listeners: [
        { unix: null, port: expect.any(Number), serves: expect.arrayContaining(['client', 'console']) },
        { url: null, unix: join(folder, 'pons.sock'), port: null, serves: ['health'] },
      ],
      data_dir: join(folder, 'data'),
    });
  });

  test('tells clients and servers where it is only when public_base_url says so', async () => {
    const ask = async (file: string): Promise<unknown[]> => {
      const answers: unknown[] = [];
      await pons(['serve', '--config', file], (line, signal) => {
        const [{ url }] = (JSON.parse(line) as { listeners: [{ url: string }] }).listeners;
        const paths = ['/.well-known/matrix/client', '/.well-known/matrix/server'];
        void Promise.all(
          paths.map((path) => fetch(`${url}${path}`).then(async (one) => [one.status, await one.json()])),
        )
          .then((all) => answers.push(...all))
          .finally(() => signal('SIGTERM'));
      });
      return answers;
    };
    const nowhere = [404, expect.objectContaining({ errcode: expect.stringMatching(/^M_(NOT_FOUND|UNRECOGNIZED)$/) })];
    expect(await ask(write('without-url.yaml', good))).toEqual([nowhere, nowhere]);
    expect(await ask(write('with-url.yaml', `${good}public_base_url: https://matrix.example.org\n`))).toEqual([
      [200, { 'm.homeserver': { base_url: 'https://matrix.example.org/' } }],
      [200, { 'm.server': 'matrix.example.org:443' }],
    ]);
  });

  test('exits with 2 and one line per mistake when the configuration is unusable', async () => {
    const file = write('bad.yaml', 'server_name: localhost\nlisteners:\n  - port: 99999\nlistner: []\n');
    expect(await pons(['serve', '--config', file])).toEqual({
      code: 2,
      out: '',
      errors: [
        'bad.yaml:4: listner: is not known; the nearest key is listeners',
        'bad.yaml:3: listeners[0].port: must be 0 to 65535, is 99999',
        '',
      ].join('\n'),
    });
  });

  test('exits with 2 and one line when the database cannot be reached, the port is taken, or the folder is no folder', async () => {
    const away = write('away.yaml', `${anyPort}server_name: localhost\ndatabase: postgres://u:hunter2@127.0.0.1:1/x\n`);
    const unreachable = await pons(['serve', '--config', away]);
    expect(unreachable.code).toBe(2);
    expect(unreachable.errors).toMatch(
      /^database: cannot be reached: [^\n]*start PostgreSQL, or set `database: embedded`\n$/,
    );
    expect(unreachable.errors).not.toContain('hunter2');

    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => blocker.once('listening', listening));
    const { port } = blocker.address() as { port: number };
    const file = write('taken.yaml', good.replace('./data', './taken'));
    const taken = await pons(['serve', '--config', file, '--set', `listeners.0.port=${port}`]);
    blocker.close();
    expect([taken.code, taken.errors]).toEqual([
      2,
      `127.0.0.1:${port} is taken by another process: stop it, or choose another port (--set listeners.0.port=8009)\n`,
    ]);
    // Nothing was made or migrated for it.
    expect(existsSync(join(folder, 'taken'))).toBe(false);

    const nowhere = await pons([
      'serve',
      '--config',
      write('nowhere.yaml', `${anyPort}server_name: x\ndata_dir: /dev/null/x\n`),
    ]);
    expect(nowhere.code).toBe(2);
    expect(nowhere.errors.trim().split('\n')).toHaveLength(1);
  });

  test('is not stopped by a broken registration', async () => {
    write('broken.yaml', 'id: irc\n');
    const file = write('broken-as.yaml', `${good}appservices: { files: [broken.yaml, missing.yaml] }\n`);
    const ended = await pons(['serve', '--config', file], (_, signal) => signal('SIGTERM'));
    expect(ended.code).toBe(0);
    const refused = ended.errors.split('\n').filter((line) => line.includes('registration refused'));
    expect(refused.join('\n')).toMatch(/broken\.yaml:1: as_token: is required/);
    expect(refused.filter((line) => line.includes('missing.yaml'))).toEqual([
      expect.stringMatching(/missing\.yaml:1: there is no such file: put it there, [^"]+ out of appservices\.files"/),
    ]);
  });
});

describe('pons config', () => {
  test('check says what is good, what comes later, and exits with 2 for a broken registration', async () => {
    const file = write('check.yaml', 'server_name: localhost\nsso: { providers: [] }\n');
    expect(await pons(['config', 'check', file])).toEqual({
      code: 0,
      out: 'check.yaml: sso: accepted; its feature comes later\ncheck.yaml: good, with 0 application services\n',
      errors: '',
    });
    write('broken.yaml', 'id: irc\n');
    const broken = await pons(['config', 'check', file, '--set', 'appservices.files=[broken.yaml]']);
    expect(broken.code).toBe(2);
    expect(broken.errors).toMatch(/broken\.yaml:\d+: as_token: is required\n/);
  });

  test('example prints a configuration that is one', async () => {
    const { out, code } = await pons(['config', 'example']);
    expect(code).toBe(0);
    expect((await pons(['config', 'check', write('example.yaml', out)])).code).toBe(0);
  });
});
