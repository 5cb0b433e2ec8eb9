// A homeserver as a process of its own, started as anybody starts it: `pons serve --config FILE` in a folder that is kept over
// restarts. For tests that kill it, run two of them, or want nothing shared with the test's process.
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';

const main = path.resolve(import.meta.dirname, '../../pons/src/main.ts');
const readyWithinMs = 60_000;

export interface Served {
  readonly url: string;
  readonly pid: number;
  /** Sends a signal and waits for the end; answers the exit code, null when a signal ended it. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
  /** Its end, however that comes: the exit code, null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** What it wrote to standard error so far (the last 64 KiB). */
  log(): string;
}

export interface ServeOptions {
  /** Folder of the configuration; `data` and registrations lie below it. */
  readonly dir: string;
  /** homeserver.yaml as an object (JSON is YAML). */
  readonly config: Readonly<Record<string, unknown>>;
  /** Distinguishes several processes in one folder. */
  readonly name?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments, such as `--bridge`. */
  readonly args?: readonly string[];
}

/** Starts it and waits for the ready line. */
export function serve({ dir, config, name = 'homeserver', env = {}, args = [] }: ServeOptions): Promise<Served> {
  const file = path.join(dir, `${name}.yaml`);
  writeFileSync(file, JSON.stringify(config));
  const child: ChildProcess = spawn(process.execPath, [main, 'serve', '--config', file, ...args], {
    cwd: dir,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-65_536);
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`not ready in ${readyWithinMs} ms\n${errors.slice(-4000)}`));
    }, readyWithinMs);
    void ended.then((code) => {
      clearTimeout(timer);
      reject(new Error(`ended with ${code} before it was ready\n${errors.slice(-4000)}`));
    });
    createInterface({ input: child.stdout! }).once('line', (line) => {
      clearTimeout(timer);
      const { listeners } = JSON.parse(line) as { listeners: { url: string }[] };
      resolve({
        url: listeners[0]!.url,
        pid: child.pid!,
        ended,
        end: async (signal = 'SIGTERM') => {
          child.kill(signal);
          return ended;
        },
        log: () => errors,
      });
    });
  });
}

/** A configuration as tests want it: any free port, open registration, no limits, quiet. */
export function testConfig(overrides: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    server_name: 'localhost',
    data_dir: './data',
    listeners: [{ bind: '127.0.0.1', port: 0 }],
    accounts: { registration: { mode: 'open', shared_secret: 'test-only' }, password_cost: 'low' },
    rate_limits: 'off',
    telemetry: { log: { level: 'warn' } },
    ...overrides,
  };
}
