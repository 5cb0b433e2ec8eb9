// What the homeservers that are measured have in common: the limits that people get at each of them, and a server as a process that can be
// killed and started again in the middle of a run.

import { type ChildProcess, spawn } from 'node:child_process';
import type { CaseResult, Report } from '@pons/appservice-conformance';
import type { Measured } from '../appservice-document.ts';

/** Messages of one person, at every server that has such a limit. */
export const messageLimit = { perSecond: 40, burst: 50 } as const;

/** Prints a result as it comes. */
export const onResult = ({ id, outcome, tookMs, reason }: CaseResult): void =>
  console.log(`${outcome} ${id} ${tookMs} ms${reason === undefined ? '' : `: ${reason}`}`);

/** A run as the document wants it. */
export function measured(server: Pick<Measured, 'name' | 'version' | 'setUp'>, { results }: Report): Measured {
  return { ...server, date: new Date().toISOString().slice(0, 10), results };
}

const answersWithinTries = 600;
const betweenTriesMs = 100;
const lastWordsMax = 8_192;

/** A homeserver as a process. */
export class PeerProcess {
  readonly #url: string;
  readonly #start: () => ChildProcess;
  #child: ChildProcess | undefined;
  #lastWords = '';

  /** @param program  command, arguments and folder */
  constructor(
    url: string,
    program: { readonly command: string; readonly args: readonly string[]; readonly cwd: string },
  ) {
    this.#url = url;
    this.#start = () => spawn(program.command, program.args, { cwd: program.cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** @throws Error when it ends, or does not answer */
  async start(): Promise<void> {
    const child = this.#start();
    this.#child = child;
    child.stderr?.on('data', (data: Buffer) => {
      this.#lastWords = (this.#lastWords + data.toString()).slice(-lastWordsMax);
    });
    for (let tries = 0; tries < answersWithinTries; tries++) {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode} at its start: ${this.#lastWords}`);
      const answer = await fetch(`${this.#url}/_matrix/client/versions`).catch(() => undefined); // not yet
      if (answer?.ok === true) return;
      await new Promise((resolve) => setTimeout(resolve, betweenTriesMs));
    }
    throw new Error(`${this.#url} does not answer`);
  }

  /** As the power does: nothing is finished first. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async killAndStart(): Promise<void> {
    await this.kill();
    await this.start();
  }
}
