// What is published: the packages are packed as `pnpm publish` would, installed by npm into an empty folder, and used from there. Node
// strips no types below node_modules, so this runs the compiled files; and whatever is not TypeScript has to be in the tarballs.

import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'pons-packed-'));
const packages = [
  'packages/spec',
  'registration',
  'packages/homeserver',
  'packages/appservice-sdk',
  'packages/appservice-conformance',
  'packages/bridges/irc',
  'packages/console',
  'packages/pons',
];
/** As in README.md. */
const pnpm = 'pnpm@12.21.0';
const packWithinMs = 300_000;

beforeAll(async () => {
  const tarballs = join(folder, 'tarballs');
  mkdirSync(tarballs);
  for (const home of packages)
    await run('npx', ['-y', pnpm, 'pack', '--pack-destination', tarballs], { cwd: join(root, home) });
  writeFileSync(join(folder, 'package.json'), '{ "name": "installed", "private": true, "type": "module" }');
  const files = readdirSync(tarballs).map((file) => join(tarballs, file));
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...files], { cwd: folder });
}, packWithinMs);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('`pons serve` runs from what was installed: database, migrations, console', async () => {
  writeFileSync(join(folder, 'homeserver.yaml'), 'server_name: localhost\nlisteners: [{ port: 0 }]\n');
  const command = join(folder, 'node_modules/.bin/pons');
  const child = spawn(process.execPath, [command, 'serve', '--config', 'homeserver.yaml'], { cwd: folder });
  const ended = new Promise((done) => child.once('exit', done));
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += String(chunk);
  });
  const ready = await Promise.race([
    new Promise<string>((line) => createInterface({ input: child.stdout }).once('line', line)),
    ended.then((code) => `ended with ${String(code)}: ${errors}`),
  ]);
  expect(ready).toContain('"event":"ready"');
  const { listeners } = JSON.parse(ready) as { listeners: { url: string }[] };
  const url = listeners[0]?.url ?? '';
  const versions = (await (await fetch(`${url}/_matrix/client/versions`)).json()) as { versions: string[] };
  expect(versions.versions).toContain('v1.19');
  expect((await fetch(`${url}/_pons/console/`)).status).toBe(200);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

test('testBridge runs from what was installed, and the process ends by itself', async () => {
  writeFileSync(
    join(folder, 'embedded.js'),
    `import { testBridge } from '@pons/pons/embed';
     import { startDemoNetwork } from '@pons/bridge-irc/demo-network';
     import { startIrcBridge } from '@pons/bridge-irc';
     const irc = await startDemoNetwork({ port: 0, name: 'Demo' });
     const { user, bridge, stop } = await testBridge({
       registration: { id: 'irc' },
       bridge: ({ homeserverUrl, domain, ...place }) => startIrcBridge({
         ...place, homeserver: { url: homeserverUrl, domain }, channels: { '#pons': { room: '#_irc_pons:localhost' } },
         network: { name: 'Demo', servers: [{ host: irc.host, port: irc.port, tls: false }] },
       }),
     });
     await bridge.ready();
     const alice = await user('alice');
     console.log(alice.userId, await alice.join('#_irc_pons:localhost') === bridge.roomOfChannel('#pons'));
     await stop();
     await irc.stop();`,
  );
  const { stdout } = await run(process.execPath, ['embedded.js'], { cwd: folder, timeout: 60_000 });
  expect(stdout).toBe('@alice:localhost true\n');
});

test('the types come along', async () => {
  writeFileSync(
    join(folder, 'typed.ts'),
    `import { configFrom, startPons } from '@pons/pons/embed';
     import { loadRegistration } from '@pons/registration';
     import { runBridge } from '@pons/appservice-sdk/bridge';
     const config = configFrom({ server_name: 'localhost' }, '.');
     export const url: Promise<string> = startPons({ config }).then((pons) => pons.url);
     // @ts-expect-error startPons takes a configuration
     void startPons({ config: 7 });
     // @ts-expect-error a file name is no registration's text with its place
     loadRegistration('irc.yaml', 7);
     // @ts-expect-error a bridge has a network
     void runBridge({});`,
  );
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--skipLibCheck'];
  const tsc = join(root, 'node_modules/.bin/tsc');
  const { stdout } = await run(tsc, [...options, '--ignoreConfig', 'typed.ts'], { cwd: folder });
  expect(stdout).toBe('');
});
