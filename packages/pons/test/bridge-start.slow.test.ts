// What a person reads who starts the IRC bridge as a program of its own and has something to mend: one plain line that says how, exit code
// 2, no stack; and that a homeserver which is away is waited for. Everything here is a real process against a real homeserver.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type DemoNetwork, startDemoNetwork } from '@pons/bridge-irc/demo-network';
import { generateRegistration, type RegistrationDraft } from '@pons/registration';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../src/loopback-port.ts';

const bridgeMain = resolve(import.meta.dirname, '../../bridges/irc/src/main.ts');
const ponsMain = resolve(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'pons-bridge-start-'));
const children: ChildProcess[] = [];
let homeserver: Served;
let irc: DemoNetwork;
/** A web server that is no homeserver. */
let web: Server;
let webPort = 0;
let bridgePort = 0;
let wrongPort = 0;

function writeRegistration(name: string, changes: Partial<RegistrationDraft> = {}): void {
  const entry = (sigil: string) => [{ exclusive: true, regex: `^${sigil}_irc_.*:localhost$` }];
  const text = generateRegistration({
    id: 'irc',
    url: `http://127.0.0.1:${bridgePort}`,
    asToken: 'a'.repeat(64),
    hsToken: 'b'.repeat(64),
    senderLocalpart: '_irc_bot',
    namespaces: { users: entry('@'), aliases: entry('#'), rooms: [] },
    ...changes,
  });
  writeFileSync(join(folder, name), text);
}

/** Configuration of the bridge; `changes` on top. */
function writeBridge(name: string, changes: object = {}): string {
  const config = {
    homeserver: { url: homeserver.url, domain: 'localhost' },
    registration: 'irc.yaml',
    store: `${name}.sqlite`,
    listen: { port: bridgePort },
    network: { name: 'demo', servers: [{ host: '127.0.0.1', port: irc.port, tls: false }] },
    channels: { '#pons': { room: '#_irc_pons:localhost' } },
    ...changes,
  };
  writeFileSync(join(folder, `${name}.yaml`), JSON.stringify(config));
  return `${name}.yaml`;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly out: () => string;
  readonly errors: () => string;
}

function run(...words: string[]): Running {
  const child = spawn(process.execPath, words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let [out, errors] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (errors += String(chunk)));
  const ended = new Promise<number | null>((done) => child.once('close', (code) => done(code)));
  return { child, ended, out: () => out, errors: () => errors };
}

/** Lines for people: those of the log are JSON. */
function plainLines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
}

beforeAll(async () => {
  [bridgePort, wrongPort] = [await freePort(), await freePort()];
  irc = await startDemoNetwork({ port: 0 });
  web = createHttpServer((_, response) => response.writeHead(404).end('<html>nothing here</html>'));
  await new Promise<void>((listening) => web.listen(0, '127.0.0.1', listening));
  webPort = (web.address() as AddressInfo).port;
  writeRegistration('irc.yaml');
  writeRegistration('other-as-token.yaml', { asToken: 'c'.repeat(64) });
  writeRegistration('other-hs-token.yaml', { hsToken: 'd'.repeat(64) });
  writeRegistration('other-sender.yaml', { senderLocalpart: '_irc_robot' });
  writeRegistration('other-id.yaml', { id: 'slack' });
  writeFileSync(
    join(folder, 'broken.yaml'),
    'id: irc\nurl: http://127.0.0.1:1\nas_token: 5\nhs_token: "h"\nsender_localpart: bot\nnamespaces: {}\n',
  );
  writeRegistration('no-url.yaml', {
    id: 'quiet',
    url: null,
    asToken: 'e'.repeat(64),
    hsToken: 'f'.repeat(64),
    senderLocalpart: '_quiet_bot',
    namespaces: { users: [], aliases: [], rooms: [] },
  });
  const files = ['irc.yaml', 'no-url.yaml'];
  homeserver = await serve({ dir: folder, config: testConfig({ appservices: { files } }) });
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await homeserver?.end();
  await irc?.stop();
  await new Promise((closed) => web?.close(closed));
  rmSync(folder, { recursive: true, force: true });
});

const here = (port: number) => `127\\.0\\.0\\.1:${port}`;

describe('the bridge that cannot start says what is to be mended', () => {
  // By a function: ports are known only when the tests run.
  const cases: readonly [string, () => string, () => string][] = [
    ['a configuration that is not there', () => 'absent.yaml', () => 'absent\\.yaml: does not exist'],
    [
      'a misspelt key',
      () => writeBridge('key', { chanels: {} }),
      () => 'key\\.yaml: chanels: is not known here; did you mean channels\\?',
    ],
    [
      'a registration that is not there',
      () => writeBridge('none', { registration: 'nowhere.yaml' }),
      () => '\\S*nowhere\\.yaml: there is no such file: copy the one that the homeserver has.*',
    ],
    [
      'a registration that is a folder',
      () => writeBridge('folder', { registration: '.' }),
      () => '\\S+: is a folder: name the file',
    ],
    [
      'a broken registration',
      () => writeBridge('broken-registration', { registration: 'broken.yaml' }),
      () => '\\S*broken\\.yaml:3: as_token: must be text, is a number: put it in quotes',
    ],
    [
      'a port that is taken',
      () => writeBridge('taken', { listen: { port: webPort } }),
      () => `${here(webPort)} is taken by another program: stop that one, or listen on another port.*`,
    ],
    [
      'an address of another machine',
      () => writeBridge('bind', { listen: { port: 0, bind: '192.0.2.1' } }),
      () => '192\\.0\\.2\\.1:0 is no address of this machine: .*',
    ],
    [
      'a store without its folder',
      () => writeBridge('store', { store: 'no/such/folder.sqlite' }),
      () => 'store \\S*folder\\.sqlite: cannot be made or opened: its folder must be there.*',
    ],
    [
      'a store that is something else',
      () => writeBridge('else', { store: 'irc.yaml' }),
      () => 'store \\S*irc\\.yaml: is something else than a store of this bridge.*',
    ],
    [
      'an as_token that the homeserver does not know',
      () => writeBridge('as', { registration: 'other-as-token.yaml' }),
      () =>
        'the homeserver at \\S+ does not know the as_token of \\S*other-as-token\\.yaml: give it this file \\(Pons: pons appservice add FILE, .*',
    ],
    [
      'an hs_token that is not the homeserver’s',
      () => writeBridge('hs', { registration: 'other-hs-token.yaml' }),
      () =>
        'the homeserver at \\S+ calls \\S+ with another hs_token than \\S*other-hs-token\\.yaml has: give both the same file',
    ],
    [
      'another domain',
      () => writeBridge('domain', { homeserver: { url: homeserver.url, domain: 'example.org' } }),
      () => 'the homeserver at \\S+ is localhost, not example\\.org: correct the domain.*',
    ],
    [
      'another sender',
      () => writeBridge('sender', { registration: 'other-sender.yaml' }),
      () =>
        'to the homeserver at \\S+ the as_token of \\S*other-sender\\.yaml is @_irc_bot:localhost, not @_irc_robot:localhost: .*',
    ],
    [
      'another id',
      () => writeBridge('id', { registration: 'other-id.yaml' }),
      () => 'the homeserver at \\S+ knows the as_token of \\S*other-id\\.yaml under another id than slack: .*',
    ],
    [
      'a registration without a url',
      () => writeBridge('no-url-bridge', { registration: 'no-url.yaml' }),
      () => '\\S*no-url\\.yaml says url: null, so nothing reaches the bridge: .*',
    ],
    [
      'a url that leads to no homeserver',
      () => writeBridge('web', { homeserver: { url: `http://127.0.0.1:${webPort}`, domain: 'localhost' } }),
      () => `what answers at http://${here(webPort)} is not the client-server API of a homeserver .*`,
    ],
    [
      'a port where the homeserver does not look for it',
      () => writeBridge('port', { listen: { port: wrongPort } }),
      () =>
        `the homeserver at \\S+ cannot reach the bridge at http://${here(bridgePort)}, which listens on ${here(wrongPort)}: correct url .*`,
    ],
  ];
  test.each(cases)('for %s', async (_, file, line) => {
    const bridge = run(bridgeMain, file());
    expect(await bridge.ended).toBe(2);
    expect(bridge.out()).toBe('');
    const lines = plainLines(bridge.errors());
    expect(lines).toEqual([expect.stringMatching(new RegExp(`^${line()}$`))]);
    expect(bridge.errors()).not.toMatch(/[abcdef]{64}|^\s+at /m);
  });
});

test('a homeserver that is away is waited for, with one line in the log for each reason, until the bot is known', async () => {
  const port = await freePort();
  const elsewhere = join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  const bridge = run(
    bridgeMain,
    writeBridge('early', { homeserver: { url: `http://127.0.0.1:${port}`, domain: 'localhost' } }),
  );
  const away = () => bridge.errors().match(/"message":"the homeserver is away[^\n]*/g) ?? [];
  await expect.poll(away).toHaveLength(1);
  expect(away()[0]).toContain('ECONNREFUSED');
  // On IRC it is already: what is said there meanwhile is kept.
  await expect.poll(() => irc.nicks()).toContain('pons');
  expect(bridge.out()).toBe('');
  const config = testConfig({
    listeners: [{ bind: '127.0.0.1', port }],
    appservices: { files: [join(folder, 'irc.yaml')] },
  });
  const late = await serve({ dir: elsewhere, config });
  await expect.poll(bridge.out).toContain('"event":"ready"');
  expect(away().length).toBeLessThanOrEqual(2);
  expect(bridge.errors()).toContain('the homeserver answers');
  bridge.child.kill('SIGTERM');
  expect(await bridge.ended).toBe(0);
  await late.end();
});

describe('pons serve --bridge', () => {
  test.each([
    [
      'a taken port',
      () => writeBridge('beside-taken', { listen: { port: webPort } }),
      () => `${here(webPort)} is taken by another program: .*`,
    ],
    [
      'an unknown as_token',
      () => writeBridge('beside-as', { registration: 'other-as-token.yaml' }),
      () => 'the homeserver at \\S+ does not know the as_token of .*',
    ],
    [
      'another domain',
      () => writeBridge('beside-domain', { homeserver: { url: homeserver.url, domain: 'example.org' } }),
      () => 'the homeserver at \\S+ is localhost, not example\\.org: .*',
    ],
    [
      'a broken registration',
      () => writeBridge('beside-broken', { registration: 'broken.yaml' }),
      () => '\\S*broken\\.yaml:3: as_token: must be text.*',
    ],
  ])('says the same in one line, for %s, and stops', async (name, file, line) => {
    const config = `beside-${name.replaceAll(' ', '-')}.yaml`;
    writeFileSync(
      join(folder, config),
      JSON.stringify(testConfig({ data_dir: `./data-${name.replaceAll(' ', '-')}` })),
    );
    const served = run(ponsMain, 'serve', '--config', config, '--bridge', file());
    expect(await served.ended).toBe(2);
    expect(served.out()).toBe('');
    expect(plainLines(served.errors()).at(-1), served.errors()).toMatch(new RegExp(`^${line()}$`));
    expect(served.errors()).not.toMatch(/^\s+at /m);
  });
});
