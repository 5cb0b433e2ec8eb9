// Configuration files, good and bad: defaults, overrides, every mistake with its line, the launch contract, the example file.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OperatorError } from '../operator-error.ts';
import { exampleConfig } from './example.ts';
import { loadConfig } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-config-'));
const file = join(folder, 'homeserver.yaml');

function loaded(text: string, more: { set?: string[]; env?: Record<string, string> } = {}) {
  writeFileSync(file, text);
  return loadConfig({ file, ...more });
}

/** The complaints, with the file's name instead of its path. */
function complaints(text: string, more: { set?: string[]; env?: Record<string, string> } = {}): string[] {
  try {
    loaded(text, more);
  } catch (error) {
    if (error instanceof OperatorError) return error.lines.map((line) => line.replace(file, 'homeserver.yaml'));
    throw error;
  }
  return [];
}

test('a server name is enough, and everything else has its default', () => {
  const { config, later } = loaded('server_name: localhost:8800\n');
  expect(later).toEqual([]);
  expect(config).toMatchObject({
    serverName: 'localhost:8800',
    publicBaseUrl: null,
    dataDir: join(folder, 'data'),
    signingKeyFile: join(folder, 'data/signing.key'),
    database: { kind: 'embedded' },
    accounts: { registration: { mode: 'closed', guests: false, sharedSecret: null }, passwordCost: 'default' },
    appservices: { files: [], folder: null, requestTimeoutMs: 30_000, allowPrivateAddresses: true },
    media: { dir: join(folder, 'data/media'), maxUploadBytes: 52_428_800 },
    rooms: { defaultVersion: '12' },
  });
  expect(config.listeners).toEqual([
    { bind: ['127.0.0.1'], port: 8008, serves: expect.arrayContaining(['client', 'metrics']), behindProxy: false },
  ]);
});

test('a public address does not show metrics unless it is told to', () => {
  const { config } = loaded(
    'server_name: x\nlisteners:\n  - { bind: 0.0.0.0, port: 80 }\n  - { bind: "::", serves: [metrics] }\n',
  );
  expect(config.listeners.map(({ serves }) => serves.includes('metrics'))).toEqual([false, true]);
});

test('every mistake is told at once, each with its line', () => {
  const text = [
    'server_name: x',
    'listeners:',
    '  - bind: 127.0.0.1',
    '    port: 99999',
    '    serves: [clients]',
    '  - prot: 80',
    'media:',
    '  max_upload_bytes: lots',
    'telemtry: {}',
    'rooms: { default_version: 12 }',
  ].join('\n');
  expect(complaints(text)).toEqual([
    'homeserver.yaml:9: telemtry: is not known; the nearest key is telemetry',
    'homeserver.yaml:4: listeners[0].port: must be 0 to 65535, is 99999',
    'homeserver.yaml:5: listeners[0].serves[0]: must be client or federation or admin or console or metrics or health, is "clients"',
    'homeserver.yaml:6: listeners[1].prot: is not known; the nearest key is port',
    'homeserver.yaml:8: media.max_upload_bytes: must be 1 to 10000000000, is "lots"',
    'homeserver.yaml:10: rooms.default_version: must be 10 or 11 or 12, is 12: write it quoted: "12"',
  ]);
});

test('a missing server name, an empty file and text that is not YAML are told', () => {
  expect(complaints('data_dir: ./x\n')).toEqual([
    'homeserver.yaml:1: server_name: is missing: a server name such as example.org or localhost:8008',
  ]);
  expect(complaints('- a\n')).toEqual(['homeserver.yaml:1: must be keys and values, such as server_name: example.org']);
  expect(complaints('')).toEqual([expect.stringMatching(/^homeserver\.yaml:1: is not YAML: /)]);
  expect(complaints('a: [\n')[0]).toMatch(/^homeserver\.yaml:\d: is not YAML: /);
});

test('a file that is not there is told', () => {
  expect(() => loadConfig({ file: join(folder, 'none.yaml') })).toThrow(/none\.yaml: does not exist/);
});

test('--set and the environment override the file, and complaints name them', () => {
  const text = 'server_name: x\nlisteners:\n  - { port: 1 }\n';
  const set = ['listeners.0.port=8010', 'rate_limits=off', 'appservices.files=[a.yaml]', 'admin.users.0=@a:x'];
  const { config } = loaded(text, { set, env: { PONS_SERVER_NAME: 'y' } });
  expect(config.serverName).toBe('y');
  expect(config.listeners[0]?.port).toBe(8010);
  expect(config.rateLimits).toEqual({});
  expect(config.appservices.files).toEqual([join(folder, 'a.yaml')]);
  expect(config.admin.users).toEqual(['@a:x']);
  expect(complaints(text, { set: ['listeners.0.port=x'], env: { PONS_SERVER_NAME: 'no name' } })).toEqual([
    'environment PONS_SERVER_NAME: server_name: must be a server name such as example.org or localhost:8008, is "no name"',
    '--set listeners.0.port: listeners[0].port: must be 0 to 65535, is "x"',
  ]);
  expect(complaints(text, { set: ['nonsense'] })).toEqual([
    '--set nonsense: must be key=value, such as listeners.0.port=8010',
  ]);
});

test('a key whose feature comes later is accepted and named', () => {
  const { later } = loaded('server_name: x\nsso: { providers: [] }\nfederation: { enabled: false }\n');
  expect(later).toEqual(['sso', 'federation.enabled']);
});

test('a database is embedded, embedded with installed binaries, or a URL, which a complaint does not repeat', () => {
  expect(loaded('server_name: x\ndatabase: { embedded: { binaries: /usr/lib/x } }').config.database).toEqual({
    kind: 'embedded',
    binaries: '/usr/lib/x',
  });
  expect(loaded('server_name: x\ndatabase: postgres://u:p@h/d').config.database).toEqual({
    kind: 'server',
    url: 'postgres://u:p@h/d',
  });
  expect(complaints('server_name: x\ndatabase: mysql://u:hunter2@h/d').join()).not.toContain('hunter2');
});

test('a certificate that cannot be read is told', () => {
  const text = 'server_name: x\nlisteners:\n  - tls:\n      certificate: none.crt\n      key: homeserver.yaml\n';
  expect(complaints(text)).toEqual([
    expect.stringMatching(/^homeserver\.yaml:4: listeners\[0\]\.tls\.certificate: cannot be read: ENOENT/),
    expect.stringMatching(/^homeserver\.yaml:5: listeners\[0\]\.tls\.key: .* is not a PEM file$/),
  ]);
});

test('every key of the launch contract is accepted', () => {
  const text = readFileSync(join(import.meta.dirname, 'launch-contract.fixture.yaml'), 'utf8');
  expect(loaded(text).config.accounts.registration.mode).toBe('token');
});

test('the example file is the one that the schema makes, and is a configuration itself', () => {
  const example = join(import.meta.dirname, '../../../homeserver.example.yaml');
  expect(readFileSync(example, 'utf8')).toBe(exampleConfig());
  expect(loadConfig({ file: example }).config.serverName).toBe('example.org');
});
