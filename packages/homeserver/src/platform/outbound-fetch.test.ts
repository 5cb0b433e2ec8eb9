// Calls to a real server on loopback: limits of time, bytes and redirects, private addresses, unix sockets.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createOutbound, type OutboundRequest } from './outbound-fetch.ts';

let server: Server;
let origin: string;
let answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void;
const seen: { url: string; port: number | undefined; authorization: string | undefined }[] = [];
const out = createOutbound();
const limits = { timeoutMs: 5_000, bytesMax: 1_000, allowPrivate: true } as const;

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    const { authorization } = incoming.headers;
    seen.push({ url: incoming.url ?? '', port: incoming.socket.remotePort, authorization });
    answer(incoming, outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  seen.length = 0;
});
afterAll(async () => {
  await out.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function failure(request: OutboundRequest): Promise<string> {
  return out.fetch(request).then(
    (response) => `answered ${response.status}`,
    (error: { failure: string }) => error.failure,
  );
}

test('the body arrives as it was sent and the answer comes back with status, headers and body', async () => {
  answer = (incoming, outgoing) => {
    outgoing.writeHead(418, { 'x-method': incoming.method ?? '' });
    incoming.pipe(outgoing);
  };
  const response = await out.fetch({ ...limits, url: `${origin}/a?b=c`, method: 'PUT', body: '{"a":1}' });
  expect(response).toMatchObject({ status: 418, headers: { 'x-method': 'PUT' } });
  expect(response.body.toString()).toBe('{"a":1}');
  expect(seen[0]?.url).toBe('/a?b=c');
});

test('calls after one another share connections', async () => {
  answer = (_, outgoing) => outgoing.end('{}');
  for (let i = 0; i < 10; i += 1) await out.fetch({ ...limits, url: origin });
  // A second one may be opened while the first is still being put away.
  expect(new Set(seen.map((request) => request.port)).size).toBeLessThanOrEqual(2);
});

test('a private address is refused before anything is sent, written as an address or as a name', async () => {
  const port = new URL(origin).port;
  for (const url of [
    origin,
    `http://localhost:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://2130706433:${port}/`,
  ]) {
    expect(await failure({ ...limits, url, allowPrivate: false })).toBe('private-address');
  }
  expect(seen).toEqual([]);
});

test('an answer larger than the limit is cut off', async () => {
  answer = (_, outgoing) => outgoing.end(Buffer.alloc(1_001));
  expect(await failure({ ...limits, url: origin })).toBe('too-large');
});

test('a server that is silent or drips its body times out', async () => {
  answer = () => {};
  expect(await failure({ ...limits, url: origin, timeoutMs: 100 })).toBe('timeout');
  answer = (_, outgoing) => {
    outgoing.write('a');
  };
  expect(await failure({ ...limits, url: origin, timeoutMs: 100 })).toBe('timeout');
});

test('a port where nobody listens is unreachable', async () => {
  expect(await failure({ ...limits, url: 'http://127.0.0.1:1/' })).toBe('unreachable');
});

test('the caller can give up', async () => {
  answer = () => {};
  const giveUp = new AbortController();
  const call = failure({ ...limits, url: origin, signal: giveUp.signal });
  giveUp.abort();
  expect(await call).toBe('aborted');
});

test('a redirect is an answer unless the caller follows, and then only so often', async () => {
  answer = (incoming, outgoing) => {
    const n = Number(incoming.url?.slice(1));
    if (n > 0) outgoing.writeHead(302, { location: `/${n - 1}` }).end();
    else outgoing.end('there');
  };
  expect((await out.fetch({ ...limits, url: `${origin}/2` })).status).toBe(302);
  const followed = await out.fetch({ ...limits, url: `${origin}/2`, redirectsMax: 2 });
  expect(followed.body.toString()).toBe('there');
  expect(await failure({ ...limits, url: `${origin}/3`, redirectsMax: 2 })).toBe('redirects');
});

test('what is said to one origin is not repeated to another', async () => {
  answer = (incoming, outgoing) => {
    const elsewhere = origin.replace('127.0.0.1', 'localhost');
    if (incoming.url === '/start') outgoing.writeHead(302, { location: `${elsewhere}/end` }).end();
    else outgoing.end();
  };
  const headers = { authorization: 'Bearer secret' };
  await out.fetch({ ...limits, url: `${origin}/start`, headers, redirectsMax: 1 });
  expect(seen.map((request) => request.authorization)).toEqual(['Bearer secret', undefined]);
});

test('a unix socket is called instead of the host', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pons-out-'));
  const path = join(folder, 'as.sock');
  const local = createServer((incoming, outgoing) => outgoing.end(incoming.headers.host));
  await new Promise<void>((resolve) => local.listen(path, resolve));
  const response = await out.fetch({ ...limits, url: 'http://bridge.invalid/x', unixSocket: path });
  expect(response.body.toString()).toBe('bridge.invalid');
  local.closeAllConnections();
  await new Promise((resolve) => local.close(resolve));
  await rm(folder, { recursive: true });
});
