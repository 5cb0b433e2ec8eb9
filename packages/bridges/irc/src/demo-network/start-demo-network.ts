// A small IRC network of one server in this process: good enough for any real IRC client to join, small enough to read. The
// quick start shows the bridge on it, tests use it as the network with every modern capability, or with none.
// Sockets come in here, lines go to commands.ts; whoever does not answer PING is dropped.

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Clock, systemClock } from '../platform/clock.ts';
import { parseLine, LINE_BYTES_MAX } from '../protocol/parse-line.ts';
import { CLIENT_TAG_BYTES_MAX } from '../protocol/format-line.ts';
import { readLines } from '../protocol/read-lines.ts';
import { DemoClient } from './client.ts';
import { quit, runCommand } from './commands.ts';
import { NICK_LENGTH_MAX, World } from './world.ts';

/** Clients at once: a demonstration, not a network. */
const CLIENTS_MAX = 500;
const PING_AFTER_MS = 60_000;
const PING_TIMEOUT_MS = 60_000;
/** Time for NICK, USER and CAP END. */
const REGISTRATION_TIMEOUT_MS = 30_000;

/** Capabilities of the demo network, with the values it announces. */
const CAPABILITIES: readonly (readonly [string, string])[] = [
  ['account-tag', ''],
  ['away-notify', ''],
  ['batch', ''],
  ['cap-notify', ''],
  ['chghost', ''],
  ['draft/message-redaction', ''],
  ['echo-message', ''],
  ['extended-join', ''],
  ['invite-notify', ''],
  ['labeled-response', ''],
  ['message-tags', ''],
  ['multi-prefix', ''],
  ['server-time', ''],
  ['setname', ''],
  ['userhost-in-names', ''],
];

/** What a demo network is started with; everything has a default. */
export interface DemoNetworkOptions {
  /** 0 takes any free port. */
  port?: number;
  host?: string;
  name?: string;
  clock?: Clock;
  /** Capabilities to offer; none makes it an old server without CAP. Default: all. */
  capabilities?: readonly string[];
  /** Accounts for SASL PLAIN, password by name; `sasl` is offered only with some. */
  accounts?: Readonly<Record<string, string>>;
  /** Password that every client must give. */
  password?: string;
  nickLength?: number;
  motd?: readonly string[];
  /** PEM texts; with them the port speaks TLS. */
  tls?: { key: string; cert: string };
}

/** A demo network that runs. */
export interface DemoNetwork {
  readonly port: number;
  readonly host: string;
  readonly name: string;
  /** Nicks that are registered now. */
  nicks(): string[];
  /** Nicks in a channel. */
  members(channel: string): string[];
  /** Ends a client's connection as an operator would. */
  kill(nick: string, reason: string): void;
  /** Cuts a client's socket without a word. */
  cut(nick: string): void;
  /** Disconnects everybody and frees the port. */
  stop(): Promise<void>;
}

/** Starts the network and listens. */
export async function startDemoNetwork(options: DemoNetworkOptions = {}): Promise<DemoNetwork> {
  const { host = '127.0.0.1', name = 'PonsDemo', clock = systemClock } = options;
  const world = new World({
    name,
    clock,
    capabilities: offered(options),
    accounts: options.accounts ?? {},
    password: options.password ?? null,
    nickLength: Math.min(NICK_LENGTH_MAX, options.nickLength ?? NICK_LENGTH_MAX),
    motd: options.motd ?? [`Welcome to ${name}, a small network in one process.`],
  });
  const accept = (socket: Socket): void => serve(world, socket);
  const server = options.tls === undefined ? createServer(accept) : createTlsServer({ ...options.tls }, accept);
  const port = await listen(server, options.port ?? 0, host);
  return {
    port,
    host,
    name,
    nicks: () => [...world.clients].flatMap((client) => (client.registered && client.nick ? [client.nick] : [])),
    members: (channel) => [...(world.channel(channel)?.members.keys() ?? [])].map((client) => client.nick ?? '*'),
    kill: (nick, reason) => world.byNick(nick)?.close(reason),
    cut: (nick) => world.byNick(nick)?.cut(),
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const client of world.clients) {
        client.close('the network is stopping');
        client.cut();
      }
      await closed;
    },
  };
}

function offered(options: DemoNetworkOptions): ReadonlyMap<string, string> {
  const all = CAPABILITIES.filter(([key]) => options.capabilities?.includes(key) ?? true);
  const sasl: readonly (readonly [string, string])[] = options.accounts === undefined ? [] : [['sasl', 'PLAIN']];
  return new Map([...all, ...sasl]);
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function serve(world: World, socket: Socket): void {
  const client = new DemoClient(world, socket);
  if (world.clients.size >= CLIENTS_MAX) return client.close('the network is full');
  world.clients.add(client);
  client.host = (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '').replace(/^:/, '0:');
  const reader = readLines(CLIENT_TAG_BYTES_MAX + LINE_BYTES_MAX);
  let cancelTimer = world.clock.after(REGISTRATION_TIMEOUT_MS, () => client.close('Registration timed out'));
  const watch = (): void => {
    cancelTimer();
    cancelTimer = world.clock.after(PING_AFTER_MS, () => {
      client.send({ command: 'PING', params: [world.serverName] });
      cancelTimer = world.clock.after(PING_TIMEOUT_MS, () => {
        client.close('Ping timeout: 120 seconds');
        client.cut();
      });
    });
  };
  socket.on('data', (chunk: Buffer) => {
    client.heardAt = world.clock.now();
    for (const text of reader.push(chunk)) {
      if (client.closed) return;
      if (text === '') continue;
      const line = text === null ? null : parseLine(text);
      if (line !== null) runCommand(client, line);
      else if (client.registered) client.reply('417', 'Input line was too long or not IRC');
    }
    if (client.registered) watch();
  });
  // A reset connection ends with `close` like any other.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    cancelTimer();
    quit(client, client.quitReason ?? 'Connection closed');
    world.clients.delete(client);
  });
}
