// Programs of others as processes: run to their end for what they print, or kept running with their log at hand.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** What is kept of a program's log. */
const logMax = 262_144;
/** What is shown of it. */
const lastWordsMax = 8_192;
const printedMax = 16 * 1024 * 1024;
const stopWithinMs = 15_000;

export interface Surroundings {
  readonly cwd?: string;
  /** Besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a program prints, when it ends well. @throws Error with what it wrote to standard error */
export async function printed(
  command: string,
  args: readonly string[],
  { cwd, env = {} }: Surroundings = {},
): Promise<string> {
  const { stdout } = await run(command, args, { cwd, env: { ...process.env, ...env }, maxBuffer: printedMax });
  return stdout.trim();
}

/** The same, undefined when there is no such program or it does not end well. */
export async function printedOr(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    return await printed(command, args);
  } catch {
    return undefined; // not installed, or not in working order: whoever asks says what is missing
  }
}

/** A program that runs until it is stopped. */
export class Program {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #log = '';
  #stopping = false;

  constructor(command: string, args: readonly string[], { cwd, env = {} }: Surroundings = {}) {
    this.#child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (data: Buffer) => {
        this.#log = (this.#log + data.toString()).slice(-logMax);
      });
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', () => resolve());
      this.#child.once('error', (error) => {
        this.#log += `\n${error.message}`;
        resolve();
      });
    });
  }

  /** What it wrote last. @throws Error when it ended by itself */
  log(): string {
    if (this.#child.exitCode !== null && !this.#stopping)
      throw new Error(`it ended with ${this.#child.exitCode}: ${this.#log.slice(-2000)}`);
    return this.#log;
  }

  /** The end of its log, also of one that has ended. */
  lastWords(): string {
    return this.#log.slice(-lastWordsMax);
  }

  /** Ends it as an operator would, by force when that takes too long. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#child.kill('SIGTERM');
    const force = setTimeout(() => this.#child.kill('SIGKILL'), stopWithinMs);
    await this.#ended;
    clearTimeout(force);
  }
}
