// Our client against the demo network over real sockets, with time under the test's control.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type DemoNetwork, type DemoNetworkOptions, startDemoNetwork } from '../src/demo-network/index.ts';
import { type ConnectionEvent, type ConnectionOptions, IrcConnection } from '../src/protocol/connection.ts';
import { PING_AFTER_MS, PING_TIMEOUT_MS } from '../src/protocol/link.ts';
import type { ServerAddress } from '../src/protocol/open-socket.ts';
import { fakeClock } from './fake-clock.ts';
import { recorder } from '@pons/testkit/recorder';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const task of cleanUp.splice(0).toReversed()) await task();
});

async function network(options: DemoNetworkOptions = {}): Promise<DemoNetwork> {
  const started = await startDemoNetwork(options);
  cleanUp.push(() => started.stop());
  return started;
}

function addressOf(server: { port: number }): ServerAddress {
  return { host: '127.0.0.1', port: server.port, tls: false };
}

function connect(server: ServerAddress, nick: string, options: Partial<ConnectionOptions> = {}) {
  const events = recorder<ConnectionEvent>();
  const clock = fakeClock(Date.now());
  const connection = new IrcConnection({
    servers: [server],
    identity: { nick, user: nick, realname: nick },
    flood: { burst: 100, linesPerSecond: 100 },
    clock,
    random: () => 0.5,
    on: (event) => events.add(event),
    ...options,
  });
  cleanUp.push(() => connection.quit('test over'));
  connection.start();
  const until = <T extends ConnectionEvent['type']>(
    type: T,
    when: (e: Extract<ConnectionEvent, { type: T }>) => boolean = () => true,
  ) =>
    events.until(
      (event): event is Extract<ConnectionEvent, { type: T }> =>
        event.type === type && when(event as Extract<ConnectionEvent, { type: T }>),
    );
  const line = (command: string, ...params: string[]) =>
    until('line', (e) => e.line.command === command && params.every((param, index) => e.line.params[index] === param));
  return { connection, clock, events, until, line };
}

async function joined(server: ServerAddress, nick: string, channel: string, options: Partial<ConnectionOptions> = {}) {
  const made = connect(server, nick, options);
  await made.until('ready');
  made.connection.send({ command: 'JOIN', params: [channel] });
  await made.line('366');
  return made;
}

describe('a connection', () => {
  it('registers, learns the network and negotiates every capability it knows', async () => {
    const demo = await network();
    const { connection, until } = connect(addressOf(demo), 'alice');
    expect((await until('ready')).nick).toBe('alice');
    expect(connection.isupport).toMatchObject({ casemapping: 'rfc1459', nickLength: 30, chanTypes: '#' });
    expect([...connection.enabled]).toEqual(
      expect.arrayContaining(['labeled-response', 'echo-message', 'server-time']),
    );
    expect(connection.enabled.has('sasl')).toBe(false);
  });

  it('takes another nick when its own is taken, and its own back when that is free', async () => {
    const demo = await network();
    const first = connect(addressOf(demo), 'alice');
    await first.until('ready');
    const second = connect(addressOf(demo), 'Alice');
    expect((await second.until('ready')).nick).toBe('Alice_');
    await first.connection.quit('bye');
    second.clock.advance(35_000);
    second.connection.send({ command: 'ISON', params: ['alice'] });
    await second.line('303');
    second.clock.advance(25_000);
    expect(await second.until('nick')).toMatchObject({ was: 'Alice_', now: 'Alice' });
  });

  it.each<[string, readonly string[] | undefined, string]>([
    ['labels', undefined, 'label'],
    ['echoes', ['echo-message', 'message-tags', 'server-time'], 'echo'],
    ['order alone', [], 'pong'],
  ])('knows by %s that a message arrived and that one was refused', async (_, capabilities, proof) => {
    const demo = await network(capabilities === undefined ? {} : { capabilities });
    const { connection } = await joined(addressOf(demo), 'alice', '#pons');
    const bob = await joined(addressOf(demo), 'bob', '#pons');
    const sent = await connection.deliver([
      { command: 'PRIVMSG', params: ['#pons', 'one'] },
      { command: 'PRIVMSG', params: ['#PONS', 'two'] },
      { command: 'PRIVMSG', params: ['nobody', 'three'] },
    ]);
    expect(sent).toMatchObject([
      { outcome: 'arrived', proof },
      { outcome: 'arrived', proof },
      { outcome: 'refused', code: '401' },
    ]);
    await bob.line('PRIVMSG', '#PONS', 'two');
    if (proof === 'pong') return;
    const heard = await bob.line('PRIVMSG', '#pons', 'one');
    expect(heard.line.tags.get('msgid')).toBe(sent[0]?.outcome === 'arrived' ? sent[0].msgid : 'none');
  });

  it('says unsure, not arrived, when the connection breaks before the proof', async () => {
    const server = createServer((socket) => {
      socket.write(':s 001 alice :hi\r\n:s 422 alice :no motd\r\n');
      socket.on('data', (data) => {
        if (data.toString().includes('PRIVMSG')) socket.destroy();
      });
    });
    const port = await listening(server);
    const { connection, until } = connect({ host: '127.0.0.1', port, tls: false }, 'alice');
    await until('ready');
    expect(await connection.deliver([{ command: 'PRIVMSG', params: ['#c', 'x'] }])).toEqual([
      { outcome: 'unsure', why: 'lost' },
    ]);
    expect(await connection.deliver([{ command: 'PRIVMSG', params: ['#c', 'x'] }])).toEqual([
      { outcome: 'not-sent', why: 'down' },
    ]);
  });

  it('reconnects with growing waits, to the next server of its list', async () => {
    const demo = await network();
    const dead = createServer((socket) => socket.destroy());
    const port = await listening(dead);
    const servers = [{ host: '127.0.0.1', port, tls: false }, addressOf(demo)] as const;
    const { clock, until, events } = connect(servers[0], 'alice', { servers: [...servers] });
    expect((await until('down')).retryInMs).toBe(750);
    clock.advance(750);
    await until('ready');
    events.clear();
    demo.cut('alice');
    expect((await until('down')).retryInMs).toBe(1500);
    clock.advance(1500);
    expect((await until('down', (e) => e.retryInMs !== 1500)).retryInMs).toBe(3000);
  });

  it('comes back later when the server bans or throttles it, and says why', async () => {
    const demo = await network();
    const { until } = connect(addressOf(demo), 'alice');
    await until('ready');
    demo.kill('alice', 'K-Lined: no bridges');
    expect(await until('down')).toMatchObject({
      retryInMs: 45_000,
      why: expect.stringContaining('no bridges') as string,
    });
  });

  it('asks a silent server within a minute, and leaves it when no answer comes', async () => {
    let peer: Socket | null = null;
    const server = createServer((socket) => {
      peer = socket;
      socket.write(':s 001 alice :hi\r\n:s 422 alice :no motd\r\nPING :x y\r\n');
    });
    const port = await listening(server);
    const { clock, until, connection } = connect({ host: '127.0.0.1', port, tls: false }, 'alice');
    await until('ready');
    const asked = recorder<string>();
    (peer as Socket | null)?.on('data', (data) => asked.add(data.toString()));
    clock.advance(PING_AFTER_MS);
    await asked.until((text) => text.includes('PING pons-alive'));
    clock.advance(PING_TIMEOUT_MS);
    expect(await until('down')).toMatchObject({ why: 'the server stopped answering' });
    expect(connection.ready).toBe(false);
  });

  it('logs in with SASL, and gives up for good when the account is refused', async () => {
    const demo = await network({ accounts: { alice: 'right' } });
    const identity = { nick: 'alice', user: 'alice', realname: 'a' };
    const good = connect(addressOf(demo), 'alice', {
      identity: { ...identity, sasl: { user: 'alice', password: 'right' } },
    });
    await good.until('ready');
    const bad = connect(addressOf(demo), 'eve', {
      identity: { ...identity, nick: 'eve', sasl: { user: 'alice', password: 'wrong' } },
    });
    expect(await bad.until('down')).toMatchObject({ retryInMs: null });
    expect(bad.connection.closed).toBe(true);
    expect(JSON.stringify(bad.events.all)).not.toContain('wrong');
  });

  it('never goes on without the account when the network offers no SASL just now', async () => {
    const demo = await network();
    const { until } = connect(addressOf(demo), 'alice', {
      identity: { nick: 'alice', user: 'a', realname: 'a', sasl: { user: 'alice', password: 'p' } },
    });
    expect((await until('down')).retryInMs).not.toBeNull();
    expect(demo.nicks()).toEqual([]);
  });

  it('gives the server password, and gives up when it is refused', async () => {
    const demo = await network({ password: 'open sesame' });
    const identity = { nick: 'alice', user: 'alice', realname: 'a' };
    await connect(addressOf(demo), 'alice', { identity: { ...identity, password: 'open sesame' } }).until('ready');
    const bad = connect(addressOf(demo), 'eve', { identity: { ...identity, nick: 'eve', password: 'x' } });
    expect(await bad.until('down')).toMatchObject({ retryInMs: null });
  });

  it('keeps to flood control even for a hundred joins, and shows what waits', async () => {
    const demo = await network();
    const { connection, clock, until, line } = connect(addressOf(demo), 'alice', {
      flood: { burst: 5, linesPerSecond: 2 },
    });
    await until('ready');
    for (let n = 0; n < 100; n++) connection.send({ command: 'JOIN', params: [`#c${n}`] });
    // Five of the burst went with the words of registration, and a JOIN counts twice.
    expect(connection.queueLength).toBe(100);
    // Every fifth join we hear from the network again, as one does: silence would end the connection.
    for (let n = 0; n < 20; n++) {
      clock.advance(5_000);
      await line('366', 'alice', `#c${n * 5}`);
    }
    clock.advance(5_000);
    await line('366', 'alice', '#c99');
    expect(connection.queueLength).toBe(0);
  });

  it('speaks TLS and checks the certificate', async () => {
    const { key, cert, certFile } = selfSigned();
    const demo = await network({ tls: { key, cert } });
    const tls = { verify: true, caFile: certFile, serverName: 'localhost' };
    await connect({ ...addressOf(demo), tls }, 'alice').until('ready');
    const distrusting = connect({ ...addressOf(demo), tls: { verify: true, serverName: 'localhost' } }, 'bob');
    expect((await distrusting.until('down')).why).toMatch(/self.signed/);
    const wrongName = connect({ ...addressOf(demo), tls: { ...tls, serverName: 'other.example' } }, 'eve');
    expect((await wrongName.until('down')).why).toMatch(/altnames|does not match/i);
  });

  it('is not ended by rubbish, over-long lines or bytes that are not UTF-8', async () => {
    const server = createServer((socket) => {
      socket.write(':s 001 alice :hi\r\n:s 422 alice :no motd\r\n');
      socket.write('\r\n@\r\n:\r\n\0\r\n');
      socket.write(`:s PRIVMSG alice :${'x'.repeat(20_000)}\r\n`);
      socket.write(Buffer.from([...Buffer.from(':b!b@h PRIVMSG alice :caf'), 0xe9, 13, 10]));
    });
    const port = await listening(server);
    const { until, line, events } = connect({ host: '127.0.0.1', port, tls: false }, 'alice');
    await until('ready');
    await line('PRIVMSG', 'alice', 'café');
    expect(events.all.filter((event) => event.type === 'ignored')).toHaveLength(4);
  });
});

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function selfSigned() {
  const folder = mkdtempSync(path.join(tmpdir(), 'pons-irc-'));
  const [keyFile, certFile] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  execFileSync(
    'openssl',
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout ${keyFile} -out ${certFile}`.split(
      ' ',
    ),
    { stdio: 'ignore' },
  );
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8'), certFile };
}
