// The embedded PostgreSQL: made at the first start, run as a child process, kept running, stopped with us. Nothing else in the house
// knows that it exists: what comes out is a place to connect to.
//
//   lock the folder → find binaries → find a way to run them → stop what was left behind → initdb (once) → run, watch, restart
//
// Durability is PostgreSQL's own with fsync on: a kill -9 of everything loses nothing that was acknowledged.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import pg from 'pg';
import { createBackoff } from '../../platform/backoff.ts';
import { type Clock, sleep, systemClock } from '../../platform/clock.ts';
import { systemRandom } from '../../platform/random.ts';
import { giveCluster, linkLibraries, lockFolder, socketFolder, syncFolder } from './data-folder.ts';
import { EmbeddedDatabaseError } from './embedded-error.ts';
import { type Binaries, locateBinaries } from './locate-binaries.ts';
import { postmasterPid, stopOrphan } from './orphan.ts';
import { chooseRunAs, type RunAs } from './run-as.ts';

const run = promisify(execFile);
/** The oldest PostgreSQL with the builtin locale, which makes a cluster independent of the machine's. */
const oldestMajor = 17;
const user = 'pons';
const database = 'pons';
/** Crash recovery reads at most max_wal_size; this is far beyond it. */
const readyWithinMs = 120_000;
const initdbTimeoutMs = 120_000;
const lookEveryMs = 10;
const orderlyStopMs = 20_000;
/** A cluster whose processes were killed is not free at once. */
const startAttempts = 50;
const startAgainAfterMs = 100;

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** Folder of installed binaries, 17 or newer; absent: those that come along. */
  readonly binaries?: string;
  /** Lines that PostgreSQL writes, and what happens to it. */
  readonly log?: (line: string) => void;
  /** A step that may take a while has begun. */
  readonly progress?: (text: string) => void;
  readonly clock?: Clock;
  readonly maxConnections?: number;
}

export interface Embedded {
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
  };
  /** How it is run: for the log and for tests. */
  readonly runAs: RunAs['name'];
  readonly pid: number | undefined;
  /** Stops it in an orderly way and gives the folder back. */
  readonly stop: () => Promise<void>;
}

interface Place {
  readonly cluster: string;
  readonly socketDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly postgres: string;
  readonly initdb: string;
  readonly runAs: RunAs;
  readonly major: number;
  readonly maxConnections: number;
  readonly log: (line: string) => void;
  readonly progress: (text: string) => void;
  readonly clock: Clock;
}

/**
 * Starts the embedded PostgreSQL of a data folder.
 *
 * @throws DataFolderInUse when another process has the folder; EmbeddedDatabaseError with one line that says what to do
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const folder = makeFolder(options.dataDir);
  const lock = lockFolder(folder, options.dataDir);
  let socket: ReturnType<typeof socketFolder> | undefined;
  try {
    const binaries = locateBinaries(options.binaries);
    const links = path.join(folder, 'lib');
    linkLibraries(links, binaries.libraryLinks);
    const env = { ...process.env, LC_ALL: 'C', ...libraryPath(binaries, links) };
    const cluster = path.join(folder, 'cluster');
    const runAs = await chooseRunAs({ postgres: binaries.postgres, dataFolder: cluster, env });
    socket = socketFolder(folder, runAs.owner);
    const place: Place = {
      cluster,
      socketDir: socket.dir,
      env,
      postgres: binaries.postgres,
      initdb: binaries.initdb,
      runAs,
      major: majorOf(runAs.version, options.binaries),
      maxConnections: options.maxConnections ?? 40,
      log: options.log ?? (() => {}),
      progress: options.progress ?? (() => {}),
      clock: options.clock ?? systemClock,
    };
    await stopOrphan(place);
    if (existsSync(cluster)) {
      giveCluster(cluster, runAs.owner); // made by another way of running
      refuseOtherMajor(place);
    } else {
      await makeCluster(place, folder);
    }
    return await supervise(place, () => {
      socket?.remove();
      lock.release();
    });
  } catch (error) {
    socket?.remove();
    lock.release();
    throw error;
  }
}

/** Installed binaries find their own libraries. */
function libraryPath({ libraries }: Binaries, links: string): NodeJS.ProcessEnv {
  if (libraries === undefined) return {};
  return { [process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH']: `${links}:${libraries}` };
}

function makeFolder(dataDir: string): string {
  try {
    const folder = path.join(dataDir, 'postgres');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return realpathSync(folder);
  } catch (cause) {
    throw new EmbeddedDatabaseError(`data_dir ${dataDir} cannot be used: ${(cause as Error).message}`, { cause });
  }
}

function majorOf(version: string, binaries: string | undefined): number {
  const major = Number(/(\d+)/.exec(version.replace(/^\S+ \(PostgreSQL\) /, ''))?.[1]);
  if (major >= oldestMajor) return major;
  throw new EmbeddedDatabaseError(
    `database.embedded.binaries: ${binaries ?? ''} is PostgreSQL ${major}, ${oldestMajor} or newer is needed; an older server is used by its URL`,
  );
}

function refuseOtherMajor({ cluster, major }: Place): void {
  const made = Number(readFileSync(path.join(cluster, 'PG_VERSION'), 'utf8').trim());
  if (made === major) return;
  throw new EmbeddedDatabaseError(
    `the database in ${cluster} was made by PostgreSQL ${made}, these binaries are ${major}: run 'pons db dump' with the former and 'pons db restore' with these`,
  );
}

/** Makes the cluster beside its place and renames it: one that is interrupted is never taken for a whole one. */
async function makeCluster(place: Place, folder: string): Promise<void> {
  place.progress('making the database (first start)');
  const unfinished = `${place.cluster}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  giveCluster(unfinished, place.runAs.owner);
  const { command, args } = place.runAs.wrap(place.initdb, [
    `--pgdata=${unfinished}`,
    `--username=${user}`,
    '--auth=trust',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-instructions',
  ]);
  try {
    await run(command, args, { env: place.env, timeout: initdbTimeoutMs }); // initdb syncs what it wrote
  } catch (cause) {
    const { stderr, message } = cause as { stderr?: string; message: string };
    const line = (stderr?.trim() || message).split('\n').findLast((text) => text.includes('error')) ?? message;
    throw new EmbeddedDatabaseError(`making the database in ${place.cluster} failed: ${line}`, { cause });
  }
  syncFolder(unfinished);
  renameSync(unfinished, place.cluster);
  syncFolder(folder);
}

function settings({ socketDir, major, maxConnections }: Place): string[] {
  const values: Record<string, string | number> = {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    unix_socket_permissions: '0700',
    port: 5432,
    max_connections: maxConnections,
    // Containers have little /dev/shm and little memory.
    dynamic_shared_memory_type: 'mmap',
    shared_buffers: '64MB',
    huge_pages: 'off',
    work_mem: '8MB',
    maintenance_work_mem: '64MB',
    max_parallel_workers_per_gather: 0,
    max_parallel_maintenance_workers: 0,
    autovacuum_max_workers: 1,
    ...(major >= 18 ? { io_method: 'sync' } : {}),
    // Statements are short and known: compiling them never pays.
    jit: 'off',
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    // Nobody replicates from it; the log is for crash recovery alone, and short enough to replay in seconds.
    wal_level: 'minimal',
    max_wal_senders: 0,
    max_wal_size: '512MB',
    checkpoint_timeout: '10min',
    logging_collector: 'off',
    log_destination: 'stderr',
    // Not the errors of statements: they are answered to us, and their details are people's data.
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_line_prefix: '',
    log_checkpoints: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** A running PostgreSQL, or what it said before it ended. */
type Started = { readonly child: ChildProcess; readonly ended: Promise<void> } | { readonly said: string };

async function startOnce(place: Place): Promise<Started> {
  const { command, args } = place.runAs.wrap(place.postgres, ['-D', place.cluster, ...settings(place)]);
  // A process group of its own: Ctrl-C in a terminal is for us, and we stop it when we are done.
  const child = spawn(command, args, { env: place.env, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let said = '';
  createInterface({ input: child.stderr! }).on('line', (line) => {
    if (said.length < 10_000) said += `${line}\n`;
    place.log(line);
  });
  let over = false;
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      said += error.message;
      over = true;
      resolve();
    });
    child.once('close', () => {
      over = true;
      resolve();
    });
  });
  const startedMs = place.clock.monotonicMs();
  for (let told = false; !over; ) {
    if (isReady(place.cluster, child.pid)) return { child, ended };
    const waitedMs = place.clock.monotonicMs() - startedMs;
    if (waitedMs > 2_000 && !told) {
      told = true;
      place.progress('waiting for the database to recover');
    }
    if (waitedMs > readyWithinMs) {
      child.kill('SIGQUIT');
      await ended;
      return { said: `not ready within ${readyWithinMs / 1000} s\n${said}` };
    }
    await sleep(place.clock, lookEveryMs);
  }
  return { said };
}

/** PostgreSQL writes its state into the eighth line of its pid file. */
function isReady(cluster: string, pid: number | undefined): boolean {
  const pidFile = path.join(cluster, 'postmaster.pid');
  if (postmasterPid(pidFile) !== pid) return false;
  try {
    return readFileSync(pidFile, 'utf8').split('\n')[7]?.trim() === 'ready';
  } catch {
    return false; // ended meanwhile
  }
}

async function start(place: Place): Promise<Extract<Started, { child: ChildProcess }>> {
  for (let attempt = 1; ; attempt += 1) {
    const started = await startOnce(place);
    if ('child' in started) return started;
    const busy = /already exists|still in use|being used|in use/.test(started.said);
    if (!busy || attempt >= startAttempts) {
      const line =
        started.said.split('\n').find((text) => /FATAL|PANIC|error/i.test(text)) ?? started.said.split('\n')[0];
      throw new EmbeddedDatabaseError(`PostgreSQL in ${place.cluster} does not start: ${line ?? ''}`);
    }
    if (attempt === 1) place.progress('waiting for an earlier PostgreSQL to let go of its memory');
    await sleep(place.clock, startAgainAfterMs);
  }
}

async function supervise(place: Place, release: () => void): Promise<Embedded> {
  const connection = { host: place.socketDir, port: 5432, user, database };
  const stopping = new AbortController();
  let current = await start(place);
  const endWithProcess = () => current.child.kill('SIGINT');
  process.once('exit', endWithProcess);

  async function keepRunning(): Promise<void> {
    const backoff = createBackoff({ firstMs: 100, maxMs: 10_000, random: systemRandom });
    while (!stopping.signal.aborted) {
      await current.ended;
      while (!stopping.signal.aborted) {
        place.log('PostgreSQL ended by itself: starting it again');
        await sleep(place.clock, backoff.nextMs(), stopping.signal);
        if (stopping.signal.aborted) return;
        try {
          current = await start(place);
          // Asked to stop while it was starting: the signal went to the one before.
          if (stopping.signal.aborted) current.child.kill('SIGINT');
          backoff.reset();
          break;
        } catch (error) {
          place.log((error as Error).message); // what needs it fails meanwhile with `unreachable`
        }
      }
    }
  }

  async function stop(): Promise<void> {
    stopping.abort();
    process.off('exit', endWithProcess);
    current.child.kill('SIGINT');
    const timer = place.clock.setTimer(orderlyStopMs, () => current.child.kill('SIGQUIT'));
    await Promise.all([current.ended, kept]);
    timer.cancel();
    await current.ended; // keepRunning may have started one in the moment of stopping
    release();
  }

  try {
    await ensureDatabase(connection);
  } catch (error) {
    process.off('exit', endWithProcess);
    current.child.kill('SIGINT');
    await current.ended;
    throw error;
  }
  const kept = keepRunning();
  let stopped: Promise<void> | undefined;
  return {
    connection,
    runAs: place.runAs.name,
    get pid() {
      return current.child.pid;
    },
    stop: () => (stopped ??= stop()),
  };
}

async function ensureDatabase(connection: Embedded['connection']): Promise<void> {
  const client = new pg.Client({ ...connection, database: 'postgres' });
  client.on('error', () => {}); // its query fails
  await client.connect();
  try {
    const found = await client.query('select from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`create database ${database}`);
  } finally {
    await client.end();
  }
}
