// Listeners: what each serves, sockets, TLS, addresses behind a proxy, extra routes, and how the server stops.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { endpoints, federationEndpoints, ponsEndpoints } from '@pons/spec/endpoints';
import { afterAll, expect, test } from 'vitest';
import type { ListenerConfig } from '../../src/http/listener.ts';
import { OperatorError } from '../../src/platform/operator-error.ts';
import { raw, stubServer } from './stub-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-http-'));
afterAll(() => rmSync(folder, { recursive: true }));
const loopback: ListenerConfig = { bind: ['127.0.0.1'], port: 0, serves: ['client'], behindProxy: false };
const routes = [
  [endpoints.getVersions, (request: { remoteAddress: string }) => ({ json: { from: request.remoteAddress } })],
  [federationEndpoints.getVersion, () => ({ json: {} })],
  [ponsEndpoints.getHealth, () => ({ json: {} })],
] as const;

function over(options: https.RequestOptions, module: typeof http | typeof https = http): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = module.get({ path: '/_matrix/client/versions', ...options }, (response) => {
      response.resume();
      response.on('end', () => resolve(String(response.statusCode)));
    });
    request.on('error', (error: NodeJS.ErrnoException) => reject(error));
  });
}

test('a listener shows what it serves and nothing else', async () => {
  const listeners = [loopback, { ...loopback, serves: ['federation', 'health'] as const }];
  const { server } = await stubServer({ routes, parts: { listeners: [] } });
  await server.stop();
  const both = await stubServer({ routes, parts: { listeners: [listeners[1] as ListenerConfig] } });
  const status = async (path: string) => (await fetch(both.base + path)).status;
  expect(await status('/_matrix/federation/v1/version')).toBe(200);
  expect(await status('/health')).toBe(200);
  expect(await status('/_matrix/client/versions')).toBe(404);
  expect(await status('/metrics')).toBe(404);
  await both.server.stop();
});

test('a unix socket works, replaces one that was left behind, and refuses one that is in use', async () => {
  const unix = join(folder, 'pons.sock');
  const listeners = [{ ...loopback, unix }];
  const dead = `require('net').createServer().listen(${JSON.stringify(unix)}, () => process.kill(process.pid, 'SIGKILL'))`;
  expect(() => execFileSync(process.execPath, ['-e', dead])).toThrow();
  expect(existsSync(unix)).toBe(true);
  const first = await stubServer({ routes, parts: { listeners } });
  expect(await over({ socketPath: unix })).toBe('200');
  await expect(stubServer({ routes, parts: { listeners } })).rejects.toThrow(/pons\.sock is taken by another process/);
  await first.server.stop();
});

test('a taken port and a foreign address are one plain line with the remedy', async () => {
  const first = await stubServer({ routes, parts: { listeners: [loopback] } });
  const port = Number(new URL(first.base).port);
  const taken = stubServer({ routes, parts: { listeners: [{ ...loopback, port }] } });
  await expect(taken).rejects.toThrow(OperatorError);
  await expect(taken).rejects.toThrow(`127.0.0.1:${port} is taken by another process: stop it, or choose another port`);
  const foreign = stubServer({ routes, parts: { listeners: [{ ...loopback, bind: ['192.0.2.1'] }] } });
  await expect(foreign).rejects.toThrow('192.0.2.1:0: this machine does not have that address');
  await first.server.stop();
});

test('a listener speaks TLS with the certificate it is given', async () => {
  const [cert, key] = [join(folder, 'a.crt'), join(folder, 'a.key')];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost'];
  execFileSync('openssl', [...args, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert], {
    stdio: 'ignore',
  });
  const tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  const { base, server } = await stubServer({ routes, parts: { listeners: [{ ...loopback, tls }] } });
  expect(base).toMatch(/^https:/);
  expect(await over({ port: new URL(base).port, host: '127.0.0.1', ca: tls.cert }, https)).toBe('200');
  await server.stop();
});

test('X-Forwarded-For is believed only behind a proxy, and there its last address', async () => {
  const headers = { 'x-forwarded-for': '198.51.100.9, 203.0.113.7' };
  for (const [behindProxy, from] of [
    [false, '127.0.0.1'],
    [true, '203.0.113.7'],
  ] as const) {
    const { base, server } = await stubServer({ routes, parts: { listeners: [{ ...loopback, behindProxy }] } });
    expect(await (await fetch(`${base}/_matrix/client/versions`, { headers })).json()).toEqual({ from });
    await server.stop();
  }
});

test('the console’s files are served with their page for every path of its own', async () => {
  const consoleFolder = join(folder, 'console');
  mkdirSync(join(consoleFolder, 'assets'), { recursive: true });
  writeFileSync(join(consoleFolder, 'index.html'), '<p>page</p>');
  writeFileSync(join(consoleFolder, 'assets/a.js'), 'go()');
  const { base, server } = await stubServer({ routes, parts: { consoleFolder } });
  for (const path of ['/_pons/console', '/_pons/console/', '/_pons/console/appservices']) {
    const response = await fetch(base + path);
    expect([response.status, await response.text()]).toEqual([200, '<p>page</p>']);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
  }
  const bare = await fetch(`${base}/`, { redirect: 'manual' });
  expect([bare.status, bare.headers.get('location')]).toEqual([302, '/_pons/console/']);
  const script = await fetch(`${base}/_pons/console/assets/a.js`);
  expect(script.headers.get('cache-control')).toContain('immutable');
  expect((await fetch(`${base}/_pons/console/assets/none.js`)).status).toBe(404);
  expect((await fetch(`${base}/_pons/console/%2e%2e%2f%2e%2e%2fetc/passwd.txt`)).status).toBe(404);
  await server.stop();
});

test('a WebSocket of somebody else in this process gets its upgrades', async () => {
  const upgrades = [
    {
      path: '/_pons/try-it',
      upgrade: (_: unknown, socket: Duplex) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nhello'),
    },
  ];
  const { base, server } = await stubServer({ routes, parts: { upgrades } });
  const upgrade = (path: string) =>
    raw(base, `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n`);
  expect(await upgrade('/_pons/try-it')).toMatch(/^HTTP\/1\.1 101 .*hello$/s);
  await server.stop();
});

test('who asks for an upgrade that there is not is answered as if they had not', async () => {
  const { base, server } = await stubServer({ routes });
  const asking = (path: string, protocol: string) =>
    raw(
      base,
      `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings, close\r\nupgrade: ${protocol}\r\n\r\n`,
    );
  expect(await asking('/_matrix/client/versions', 'h2c')).toMatch(/^HTTP\/1\.1 200 .*"from":"127\.0\.0\.1"/s);
  expect(await asking('/_pons/other', 'websocket')).toMatch(/^HTTP\/1\.1 404 .*M_UNRECOGNIZED/s);
  await server.stop();
});

test('a connection that breaks after its upgrade harms nobody', async () => {
  const arrived = Promise.withResolvers<Duplex>();
  const upgrades = [{ path: '/_pons/try-it', upgrade: (_: unknown, socket: Duplex) => arrived.resolve(socket) }];
  const { base, server } = await stubServer({ routes, parts: { upgrades } });
  const client = connect(Number(new URL(base).port), '127.0.0.1');
  client.write('GET /_pons/try-it HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  const socket = await arrived.promise;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  client.resetAndDestroy();
  await closed;
  expect((await fetch(`${base}/_matrix/client/versions`)).status).toBe(200);
  await server.stop();
});

test('stopping lets what is in flight finish, tells long polls, and refuses new connections', async () => {
  let finish: (value: { json: object }) => void = () => {};
  const aborted = Promise.withResolvers<string>();
  const { base, server } = await stubServer({
    routes: [
      [endpoints.getVersions, () => new Promise((resolve) => (finish = resolve as typeof finish))],
      [
        endpoints.getWellknown,
        ({ signal }) =>
          new Promise((resolve) =>
            signal.addEventListener('abort', () => {
              aborted.resolve('told');
              resolve({ json: { early: true } });
            }),
          ),
      ],
    ],
  });
  const slow = fetch(`${base}/_matrix/client/versions`);
  const poll = fetch(`${base}/.well-known/matrix/client`);
  // Both have arrived when a third, answered at once, has.
  await fetch(`${base}/nothing`);
  const stopped = server.stop();
  expect(await aborted.promise).toBe('told');
  expect(await (await poll).json()).toEqual({ early: true });
  await expect(fetch(`${base}/nothing`)).rejects.toThrow();
  finish({ json: { late: true } });
  expect(await (await slow).json()).toEqual({ late: true });
  await stopped;
});

test('a handler is told when its client goes away', async () => {
  const gone = Promise.withResolvers<void>();
  const { base, server } = await stubServer({
    routes: [
      [
        endpoints.getVersions,
        ({ signal }) =>
          new Promise((resolve) =>
            signal.addEventListener('abort', () => {
              gone.resolve();
              resolve({ json: {} });
            }),
          ),
      ],
    ],
  });
  const request = http.get(`${base}/_matrix/client/versions`);
  request.on('error', () => {});
  request.on('socket', (socket) => socket.on('connect', () => setImmediate(() => request.destroy())));
  await gone.promise;
  await server.stop();
});
