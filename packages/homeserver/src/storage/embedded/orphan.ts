// A PostgreSQL that an earlier Pons left behind, found by the pid file in its cluster. A pid file is believed only when that process
// is a PostgreSQL of this very folder: after a restart of a container the same pid is somebody else, and PostgreSQL itself would
// refuse to start. We hold the folder's lock, so whatever runs here has lost its owner: it is stopped in an orderly way, and a new
// one started with the settings of today.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type Clock, sleep } from '../../platform/clock.ts';
import { EmbeddedDatabaseError } from './embedded-error.ts';

/** An orderly stop writes a checkpoint; after this time the stop is immediate, which the next start repairs from the log. */
const orderlyStopMs = 30_000;
const immediateStopMs = 10_000;
const lookEveryMs = 20;

export interface OrphanOptions {
  readonly cluster: string;
  readonly clock: Clock;
  readonly progress: (text: string) => void;
}

/** Leaves no process in the cluster and no pid file that would keep a new one from starting. */
export async function stopOrphan({ cluster, clock, progress }: OrphanOptions): Promise<void> {
  const pidFile = path.join(cluster, 'postmaster.pid');
  const pid = postmasterPid(pidFile);
  if (pid === undefined || !alive(pid)) return; // PostgreSQL judges a pid file whose process is gone by itself
  if (isOurs(pid, cluster)) {
    progress(`stopping a PostgreSQL (pid ${pid}) that an earlier process left in ${cluster}`);
    await end(pid, () => existsSync(pidFile) && alive(pid), clock);
    return;
  }
  // The number was given to another program. Removing the file is safe only when no backend of the old one lives on.
  for (const backend of processesIn(cluster)) await end(backend, () => alive(backend), clock);
  rmSync(pidFile, { force: true });
}

async function end(pid: number, running: () => boolean, clock: Clock): Promise<void> {
  for (const [signal, withinMs] of [
    ['SIGINT', orderlyStopMs],
    ['SIGQUIT', immediateStopMs],
  ] as const) {
    if (!running()) return;
    signalTo(pid, signal);
    const untilMs = clock.monotonicMs() + withinMs;
    while (running() && clock.monotonicMs() < untilMs) await sleep(clock, lookEveryMs);
  }
  if (running())
    throw new EmbeddedDatabaseError(`a PostgreSQL (pid ${pid}) that was left behind does not stop: end it first`);
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it ended in this moment
  }
}

/** The pid in a pid file, if there is one. */
export function postmasterPid(pidFile: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined; // no file: nothing ran, or it was stopped in an orderly way
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  // A zombie has ended; only its parent has not looked yet.
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return process.platform !== 'linux';
  }
}

function isOurs(pid: number, cluster: string): boolean {
  const line = commandLine(pid);
  return line.includes('postgres') && line.includes(` -D ${cluster} `);
}

function commandLine(pid: number): string {
  try {
    return process.platform === 'linux'
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return ''; // gone meanwhile
  }
}

/** Processes whose working folder is the cluster: PostgreSQL's backends go there. Linux only; elsewhere pids do not repeat so soon. */
function processesIn(cluster: string): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/cwd`) === cluster;
      } catch {
        return false; // not ours to look at, or gone
      }
    });
}
