// Where a part is tried: a homeserver process that can be killed and started again, what stands between it and the bridge, people with a
// client of another make, an IRC server, and whatever programs the part starts. All of it is taken down at the end.

import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Person, person } from '@pons/testkit/irc-person';
import { type RealServer, startInspircd } from '@pons/testkit/irc-servers';
import { Stage } from '../as-check/stage.ts';
import { Human } from './human.ts';
import { Missing } from './part.ts';
import { printed, Program, type Surroundings } from './program.ts';
import { RequestRecorder } from './request-recorder.ts';

const root = path.resolve(import.meta.dirname, '../..');
const pons = path.join(root, 'packages/pons/bin/pons.js');

/** Version of a package of this workspace, or of one that it depends on. */
export function versionOf(packageJson: string): string {
  return (createRequire(import.meta.url)(packageJson) as { version: string }).version;
}

export class Site {
  readonly stage = new Stage();
  readonly dir = mkdtempSync(path.join(tmpdir(), 'pons-real-parts-'));
  readonly recorder = new RequestRecorder(() => this.stage.url);
  readonly #programs: Program[] = [];
  readonly #endings: (() => Promise<void> | void)[] = [];

  /** The homeserver's own address, for people. */
  get url(): string {
    return this.stage.url;
  }

  /** Starts the homeserver; it knows no application service yet. */
  async start(): Promise<void> {
    await this.stage.start();
    await this.recorder.listen();
  }

  /** Whatever else is to be ended. */
  atEnd(end: () => Promise<void> | void): void {
    this.#endings.push(end);
  }

  program(command: string, args: readonly string[], surroundings: Surroundings = {}): Program {
    const program = new Program(command, args, { cwd: this.dir, ...surroundings });
    this.#programs.push(program);
    return program;
  }

  /** `pons appservice …`, as an operator says it while the server runs. */
  async appservice(...words: readonly string[]): Promise<string> {
    const { token } = await this.stage.operator();
    return printed(process.execPath, [pons, 'appservice', ...words, '--server', this.url], {
      env: { PONS_TOKEN: token },
    });
  }

  async human(name: string): Promise<Human> {
    const human = await Human.register(this.url, name);
    this.atEnd(() => human.leave());
    return human;
  }

  /** A real IRC server. @throws Missing */
  async ircServer(): Promise<RealServer> {
    const server = await startInspircd();
    if (server === null) throw new Missing('InspIRCd is not installed');
    this.atEnd(() => server.stop());
    return server;
  }

  async ircPerson(server: RealServer, nick: string): Promise<Person> {
    const somebody = await person(server, nick);
    this.atEnd(() => somebody.irc.quit());
    return somebody;
  }

  /** What the programs wrote last, for whoever looks into a failure. */
  logs(): string {
    return [...this.#programs.map((program) => program.lastWords()), this.stage.log()].join('\n');
  }

  async close(): Promise<void> {
    for (const end of this.#endings.toReversed()) await end();
    for (const program of this.#programs) await program.stop();
    await this.recorder.close();
    await this.stage.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
