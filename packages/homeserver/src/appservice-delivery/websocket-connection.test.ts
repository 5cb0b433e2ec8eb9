// One websocket of an application service: a real socket with somebody at the other end who is silent, wrong or gone, and a clock whose
// hands the test turns.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { validateRegistration } from '@pons/registration';
import { fakeClock } from '@pons/testkit/clock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { toAppservice } from '../appservices/registry.ts';
import type { Log } from '../platform/telemetry/log.ts';
import { WebsocketConnection } from './websocket-connection.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };
const validation = validateRegistration({
  id: 'irc',
  url: null,
  as_token: 'as',
  hs_token: 'hs',
  sender_localpart: 'bot',
  namespaces: {},
});
if (validation.outcome === 'refused') throw new Error('the registration is refused');
const appservice = toAppservice(validation.registration, 'example.org', { file: 'irc' });

let http: Server;
let clock: ReturnType<typeof fakeClock>;
let connection: WebsocketConnection;
let other: WebSocket;
let ended = 0;
let end: Promise<void>;
const heard: Record<string, unknown>[] = [];
let allowed = true;

beforeEach(async () => {
  clock = fakeClock();
  ended = 0;
  heard.length = 0;
  allowed = true;
  http = createServer();
  const server = new WebSocketServer({ server: http });
  const accepted = new Promise<void>((resolve) =>
    server.once('connection', (socket) => {
      end = new Promise((done) => {
        const onEnd = () => {
          ended += 1;
          done();
        };
        const isAllowed = () => allowed;
        connection = new WebsocketConnection(socket, { clock, log: silent, appserviceId: 'irc', isAllowed, onEnd });
      });
      resolve();
    }),
  );
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  // It answers no pings by itself: what is at the other end decides in each test.
  other = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, { autoPong: false });
  other.on('message', (data: Buffer) => heard.push(JSON.parse(data.toString()) as Record<string, unknown>));
  await Promise.all([accepted, new Promise((resolve) => other.once('open', resolve))]);
});
afterEach(async () => {
  other.terminate();
  await end;
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
  // No timer is left behind, once the other end has seen that it is over.
  await vi.waitUntil(() => clock.pending === 0, { timeout: 60_000 });
});

const transaction = (txnId: number, signal?: AbortSignal) =>
  connection.call(
    {
      appservice,
      method: 'PUT',
      path: `/_matrix/app/v1/transactions/${txnId}`,
      body: Buffer.from('{"events":[]}'),
      timeoutMs: 10_000,
      ...(signal === undefined ? {} : { signal }),
    },
    'hs',
  );
const said = (command: string) => heard.filter((message) => message['command'] === command);
const answer = (message: object) => other.send(JSON.stringify(message));

describe('a websocket of an application service', () => {
  it('is ended when nobody answers at the other end, and stays while somebody does', async () => {
    let pings = 0;
    other.on('ping', () => {
      pings += 1;
      if (pings < 3) other.pong();
    });
    for (let times = 1; times <= 3; times++) {
      await clock.advance(30_000);
      await expect.poll(() => pings).toBe(times);
      if (times === 3) break;
      // The answer has arrived once another message, sent after it, has been answered.
      answer({ command: 'ping', id: times });
      await expect.poll(() => said('response').length).toBe(times);
    }
    expect(ended).toBe(0);
    await clock.advance(30_000);
    await expect.poll(() => ended).toBe(1);
  });

  it('takes an acknowledgement for the transaction that it names, and a refusal as one', async () => {
    const first = transaction(5);
    await expect.poll(() => said('transaction').length).toBe(1);
    answer({ command: 'response', id: 99, data: { txn_id: '5' } });
    answer({ command: 'response', id: 1, data: { txn_id: '4' } });
    answer({ command: 'response', id: 1, data: { txn_id: '5' } });
    expect(await first).toMatchObject({ outcome: 'answered', status: 200 });
    const second = transaction(6);
    await expect.poll(() => said('transaction').length).toBe(2);
    answer({ command: 'error', id: 2, data: { code: 'X', message: 'no' } });
    expect(await second).toMatchObject({ outcome: 'answered', status: 500 });
    const third = transaction(7);
    await expect.poll(() => said('transaction').length).toBe(3);
    answer({ command: 'response', id: 3 });
    expect(await third).toMatchObject({ outcome: 'answered', status: 200 });
  });

  it('gives a call up with its signal, and all that wait with the connection', async () => {
    const stop = new AbortController();
    const first = transaction(5, stop.signal);
    stop.abort();
    expect(await first).toMatchObject({ outcome: 'failed', reason: 'connection' });
    expect(await transaction(5, stop.signal)).toMatchObject({ outcome: 'failed' });
    const waiting = [transaction(6), transaction(7)];
    other.terminate();
    for (const one of waiting) expect(await one).toMatchObject({ outcome: 'failed', reason: 'connection' });
    expect(await transaction(8)).toMatchObject({ outcome: 'failed', reason: 'connection' });
  });

  it('is closed once its token is good no more', async () => {
    const closed = new Promise((resolve) => other.once('close', resolve));
    allowed = false;
    await clock.advance(30_000);
    expect(await closed).toBe(1008);
  });

  it('holds a thousand calls that wait, and refuses the next', async () => {
    const waiting = Array.from({ length: 1000 }, (_, index) => transaction(index));
    expect(await transaction(1000)).toMatchObject({ outcome: 'failed', message: expect.stringContaining('too many') });
    other.terminate();
    await Promise.all(waiting);
  });
});
