// `pons serve --bridge FILE`: two IRC bridges in the homeserver's process, and what an operator reads when a file cannot be used.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startDemoNetwork } from '@pons/bridge-irc/demo-network';
import { generateRegistration } from '@pons/registration';
import { person } from '@pons/testkit/irc-person';
import { registerUser } from '@pons/testkit/requests';
import { serve, testConfig } from '@pons/testkit/serve';
import { afterAll, expect, test, vi } from 'vitest';
import { freePort } from '../src/loopback-port.ts';
import { signIn } from '../src/matrix-person.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-beside-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const main = resolve(import.meta.dirname, '../src/main.ts');
const write = (name: string, values: unknown) => writeFileSync(join(folder, name), JSON.stringify(values));

/** Writes configuration and registration of one bridge. */
async function bridgeFiles(id: string, homeserverUrl: string, ircPort: number): Promise<void> {
  const port = await freePort();
  const entry = (sigil: string) => [{ exclusive: true, regex: `^${sigil}_${id}_.*` }];
  const draft = { id, url: `http://127.0.0.1:${port}`, asToken: `as-${id}`, hsToken: `hs-${id}`, senderLocalpart: id };
  const namespaces = { users: entry('@'), aliases: entry('#'), rooms: [] };
  writeFileSync(join(folder, `${id}-registration.yaml`), generateRegistration({ ...draft, namespaces }));
  write(`${id}.yaml`, {
    homeserver: { url: homeserverUrl, domain: 'localhost' },
    registration: `${id}-registration.yaml`,
    store: `${id}.sqlite`,
    listen: { port },
    ghosts: { localpart: `_${id}_{user}` },
    network: { name: id, servers: [{ host: '127.0.0.1', port: ircPort, tls: false }] },
    channels: { '#pons': { room: `#_${id}_pons:localhost` } },
  });
}

test('two bridges run beside the homeserver, carry a message each, and leave IRC when it stops', async () => {
  const networks = [await startDemoNetwork({ port: 0 }), await startDemoNetwork({ port: 0 })];
  const port = await freePort();
  for (const [index, network] of networks.entries())
    await bridgeFiles(`irc${index}`, `http://127.0.0.1:${port}`, network.port);
  const files = ['irc0-registration.yaml', 'irc1-registration.yaml'];
  const config = testConfig({ listeners: [{ bind: '127.0.0.1', port }], appservices: { files } });
  const args = ['--bridge', 'irc0.yaml', '--bridge', 'irc1.yaml'];
  const served = await serve({ dir: folder, config, args });
  await registerUser(served.url, 'alice');
  const alice = await signIn(served.url, { username: 'alice', password: 'password of alice' });
  for (const [index, network] of networks.entries()) {
    const bob = await person(network, 'bob');
    await bob.join('#pons');
    // The bridge makes the room in its own time; until then the alias is not there.
    await vi.waitFor(() => alice.join(`#_irc${index}_pons:localhost`), { timeout: 60_000 });
    bob.irc.say('#pons', `hello from ${index}`);
    expect(await alice.hear(`hello from ${index}`)).toMatchObject({ sender: `@_irc${index}_bob:localhost` });
    bob.irc.quit();
  }
  expect(await served.end()).toBe(0);
  expect(networks.map((network) => network.nicks().filter((nick) => nick !== 'bob'))).toEqual([[], []]);
  for (const network of networks) await network.stop();
});

test('mistakes in a bridge file are one line each and exit code 2, and nothing stays behind', async () => {
  write('homeserver.yaml', testConfig());
  write('broken.yaml', { homeserver: { url: 'http://127.0.0.1:8008' }, chanels: {} });
  const words = [main, 'serve', '--config', 'homeserver.yaml', '--bridge'];
  const ended = (file: string) =>
    new Promise<[number | string | null | undefined, string]>((done) => {
      execFile(process.execPath, [...words, file], { cwd: folder }, (error, out, errors) =>
        done([error?.code, out + errors]),
      );
    });
  const [code, said] = await ended('broken.yaml');
  expect(code).toBe(2);
  expect(said).toMatch(/^broken\.yaml: .*chanels/m);
  expect(await ended('absent.yaml')).toEqual([2, expect.stringMatching(/^absent\.yaml: does not exist$/m)]);
});
