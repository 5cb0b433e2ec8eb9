// The quick start: homeserver on its embedded PostgreSQL, a small IRC network (or a real one), the bridge between a channel and a
// room, the console; then one message in each direction as proof. Everything is kept in one folder and is there again at the next start.
import path from 'node:path';
import { type ServerAddress, startIrcBridge } from '@pons/bridge-irc';
import { startDemoNetwork } from '@pons/bridge-irc/demo-network';
import { assertStartable, type Config, configFrom, OperatorError } from '@pons/homeserver';
import { freePort, isFree } from '../loopback-port.ts';
import { isPons, signIn } from '../matrix-person.ts';
import { type Pons, startPons } from '../start-pons.ts';
import { createTryIt, type TryIt } from '../try-it.ts';
import { bridgeLog } from './bridge-log.ts';
import { consoleDir } from './build-console.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { visitIrc } from './irc-visitor.ts';
import { proveCrossing } from './prove-crossing.ts';
import { type Terminal, terminal } from './terminal.ts';

export interface StartOptions {
  readonly data: string;
  /** 0: any free one. */
  readonly port: number;
  readonly ircPort: number;
  /** A real network instead of the demo one. */
  readonly irc?: ServerAddress;
  readonly channel: string;
}

const serverName = 'localhost';
const admin = 'admin';
const joinWithinMs = 45_000;
/** After this long the person is told what is waited for. */
const explainAfterMs = 3_000;

interface Running {
  readonly name: string;
  stop(): Promise<unknown>;
}

/** Starts everything and returns the way to stop it. @throws Error with one plain line and its remedy */
export async function quickStart(options: StartOptions): Promise<{ stop(): Promise<void> }> {
  const out = terminal(process.stdout);
  const running: Running[] = [];
  const stop = async () => {
    for (const part of running.toReversed()) await part.stop();
    running.length = 0;
  };
  try {
    await startAll(options, out, running);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

async function startAll(options: StartOptions, out: Terminal, running: Running[]): Promise<void> {
  const dir = path.resolve(options.data);
  if (options.port !== 0 && !(await isFree(options.port))) throw await portTaken(options.port);
  // Known before it listens: clients are told it by /.well-known.
  const port = options.port === 0 ? await freePort() : options.port;
  const config = configOf(dir, port);
  // Before the folder is touched: it may be that of a Pons that runs.
  await assertStartable(config).catch(inUse);
  const folder = await openDataFolder(dir, serverName);
  const server = await ircServer(options, out, running);
  const roomAlias = `#_irc_${options.channel}:${serverName}`;
  let base = '';
  const tryIt = createTryIt({
    base: () => base,
    admins: [`@${admin}:${serverName}`],
    server,
    channel: options.channel,
    roomAlias,
  });
  const { homeserver, url } = await startHomeserver({ config, tryIt, out, running });
  base = url;
  await out.step('first account', () =>
    homeserver.ensureAccount({ localpart: admin, password: folder.password, admin: true }),
  );
  await out.step(`bridge ${options.channel} ↔ ${roomAlias}`, async () => {
    const { log, trouble, end } = bridgeLog(path.join(dir, 'bridge.log'));
    running.push({ name: 'bridge log', stop: end });
    const bridge = await startIrcBridge(
      {
        homeserver: { url: base, domain: serverName },
        registration: folder.registrationFile,
        store: path.join(dir, 'irc-bridge.sqlite'),
        listen: { port: folder.bridgePort, bind: '127.0.0.1' },
        network: {
          name: options.irc?.host ?? 'the demo network',
          servers: [{ host: server.host, port: server.port, tls: server.tls !== false }],
        },
        channels: { [options.channel]: { room: roomAlias } },
      },
      { log },
    );
    running.push({ name: 'bridge', stop: () => bridge.stop() });
    const place = `${server.host}:${server.port}`;
    const waiting = setTimeout(
      () => out.line(`  waiting for IRC ${place}: ${trouble() ?? 'no answer yet'}`),
      explainAfterMs,
    );
    await inTime(bridge.ready(), () => [
      `the IRC network at ${place} did not let the bridge in within ${joinWithinMs / 1000} s: ${trouble() ?? 'no answer'}`,
      `check --irc host:port (6697 means TLS, other ports plain) and ${path.join(dir, 'bridge.log')}`,
    ]).finally(() => clearTimeout(waiting));
  });
  await prove({ base, folder, server, channel: options.channel, roomAlias, out });
  describe({ base, folder, server, demo: options.irc === undefined, channel: options.channel, roomAlias, out });
}

async function portTaken(port: number): Promise<OperatorError> {
  const base = `http://127.0.0.1:${port}`;
  const holder = (await isPons(base))
    ? `by a Pons already, ${base}/: use that one, stop it`
    : 'by another program: stop it';
  return new OperatorError([`port ${port} is taken ${holder}, or choose another with --port (0 takes any free one)`]);
}

async function inTime<T>(work: Promise<T>, otherwise: () => string[]): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new OperatorError(otherwise())), joinWithinMs);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function ircServer(options: StartOptions, out: Terminal, running: Running[]): Promise<ServerAddress> {
  if (options.irc !== undefined) return options.irc;
  const port = options.ircPort === 0 || (await isFree(options.ircPort)) ? options.ircPort : 0;
  const network = await out.step('demo IRC network', () => startDemoNetwork({ port, name: 'PonsDemo' }));
  running.push({ name: 'IRC network', stop: () => network.stop() });
  return { host: network.host, port: network.port, tls: false };
}

function configOf(dir: string, port: number): Config {
  return configFrom(
    {
      server_name: serverName,
      public_base_url: `http://127.0.0.1:${port}/`,
      data_dir: path.join(dir, 'homeserver'),
      listeners: [{ bind: '127.0.0.1', port, serves: ['client', 'admin', 'console', 'metrics', 'health'] }],
      appservices: { folder: path.join(dir, 'appservices') },
      admin: { users: [`@${admin}:${serverName}`] },
      telemetry: { log: { level: 'warn', file: path.join(dir, 'homeserver.log') } },
    },
    dir,
  );
}

interface HomeserverOptions {
  readonly config: Config;
  readonly tryIt: TryIt;
  readonly out: Terminal;
  readonly running: Running[];
}
async function startHomeserver({ config, tryIt, out, running }: HomeserverOptions): Promise<Pons> {
  const pages = await consoleDir((text) => out.line(`  ${text}`));
  const pons = await out.step('homeserver on its embedded PostgreSQL', () =>
    startPons({
      config,
      homeserver: { ...(pages === undefined ? {} : { consoleDir: pages }), upgrades: [tryIt] },
    }).catch(inUse),
  );
  running.push({ name: 'homeserver', stop: () => pons.stop() }, { name: 'try it', stop: () => tryIt.stop() });
  return pons;
}

/** Says of a folder that is in use what can be done about it here. */
function inUse(error: unknown): never {
  const isInUse =
    error instanceof OperatorError && error.cause instanceof Error && error.cause.name === 'DataFolderInUse';
  throw isInUse
    ? new OperatorError([`${error.message}, or choose another with --data`], { cause: error.cause })
    : error;
}

interface Place {
  readonly base: string;
  readonly folder: DataFolder;
  readonly server: ServerAddress;
  readonly channel: string;
  readonly roomAlias: string;
  readonly out: Terminal;
}

async function prove({ base, folder, server, channel, roomAlias, out }: Place): Promise<void> {
  const irc = await visitIrc({ server, channel, nick: 'ponsproof', timeoutMs: joinWithinMs });
  const matrix = await signIn(base, { username: admin, password: folder.password, deviceId: 'QUICKSTART' });
  try {
    const roomId = await matrix.join(roomAlias);
    const { ircToMatrixMs, matrixToIrcMs } = await proveCrossing(irc, matrix, roomId);
    out.line();
    out.line(
      `A message crossed:  IRC → Matrix in ${Math.round(ircToMatrixMs)} ms,  Matrix → IRC in ${Math.round(matrixToIrcMs)} ms`,
    );
  } finally {
    await irc.quit();
    await matrix.signOut();
  }
}

/** The command without the lines that pnpm adds to it. */
const silent = import.meta.url.endsWith('.ts') ? 'npx -y pnpm@12.21.0 --silent pons' : 'npx pons';
const where = (base: string) => (base === 'http://127.0.0.1:8008' ? '' : ` --server ${base}`);

function describe({ base, folder, server, demo, channel, roomAlias, out }: Place & { demo: boolean }): void {
  const near = path.relative(process.cwd(), folder.passwordFile);
  const password = near.startsWith('..') ? folder.passwordFile : near;
  out.line();
  out.row('console', `${base}/_pons/console/   (Try it: both sides next to each other)`);
  out.row('homeserver', `${serverName} at ${base}`);
  out.row('account', `@${admin}:${serverName}, password in ${password}`);
  out.row('IRC', `${demo ? 'demo network' : 'network'} ${server.host}:${server.port}, channel ${channel}`);
  out.row('room', roomAlias);
  out.row('data', folder.dir);
  out.line();
  out.row('Matrix client', `homeserver ${base}, sign in as ${admin}, join ${roomAlias}`);
  out.row(
    'IRC client',
    `connect to ${server.host} port ${server.port}${server.tls === false ? ' without TLS' : ''}, then /join ${channel}`,
  );
  out.row('commands', `export PONS_TOKEN=$(${silent} user token ${admin}${where(base)} < ${password})`);
  out.row('', `${silent} appservice list${where(base)}`);
  out.line();
  out.line('Ctrl-C stops everything; the next start finds it again.');
}
