// What bridges of mautrix's Go framework have in common: a configuration of one file, a registration that the bridge writes, and a process
// that says when it is there.

import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePorts } from '@pons/testkit/free-ports';
import { eventually } from './eventually.ts';
import { type Program, printed } from './program.ts';
import type { Site } from './site.ts';

/** What a part decides; the rest is as the bridge's example says. */
export interface MautrixConfig {
  readonly id: string;
  /** The network's own section. */
  readonly network: object;
  readonly websocket?: boolean;
  readonly encryption?: object;
  readonly backfill?: object;
  /** Whether it speaks for people who consent, by its own as_token. */
  readonly doublePuppet?: boolean;
}

export class MautrixBridge {
  readonly #site: Site;
  readonly #binary: string;
  readonly #file: string;
  #program: Program | undefined;

  constructor(site: Site, binary: string, id: string) {
    this.#site = site;
    this.#binary = binary;
    this.#file = path.join(site.dir, `${id}-config.yaml`);
  }

  /** Writes its configuration, lets it write its registration, and adds that to the running homeserver. */
  async register(config: MautrixConfig): Promise<void> {
    const [port = 0] = await freePorts(1);
    const { id, network, websocket = false, encryption = {}, backfill = {}, doublePuppet = false } = config;
    const values = {
      network,
      bridge: { permissions: { localhost: 'admin' } },
      database: { type: 'sqlite3-fk-wal', uri: `file:${path.join(this.#site.dir, `${id}.db`)}?_txlock=immediate` },
      homeserver: { address: this.#site.recorder.url, domain: 'localhost', websocket },
      // With a websocket nobody calls the bridge, and it has no address: in its registration `url` is empty.
      appservice: { address: websocket ? '' : `http://127.0.0.1:${port}`, hostname: '127.0.0.1', port, id },
      encryption,
      backfill,
      logging: { min_level: 'debug', writers: [{ type: 'stdout', format: 'json' }] },
    };
    writeFileSync(this.#file, JSON.stringify(values));
    const registration = path.join(this.#site.dir, `${id}-registration.yaml`);
    await printed(this.#binary, ['-g', '-c', this.#file, '-r', registration]);
    if (doublePuppet) {
      // The one registration is enough: no second one that claims everybody.
      appendFileSync(registration, 'pons:\n    double_puppet: true\n');
      const token = (key: string) =>
        new RegExp(`^${key}: (\\S+)$`, 'm').exec(readFileSync(registration, 'utf8'))?.[1] ?? '';
      const [asToken, hsToken] = [token('as_token'), token('hs_token')];
      const appservice = { ...values.appservice, as_token: asToken, hs_token: hsToken };
      const secrets = { localhost: `as_token:${asToken}` };
      writeFileSync(this.#file, JSON.stringify({ ...values, appservice, double_puppet: { secrets } }));
    }
    await this.#site.appservice('add', registration);
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const program = this.#site.program(this.#binary, ['-c', this.#file], { env });
    this.#program = program;
    await eventually('the bridge has started', () => program.log().includes('Bridge started'));
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
  }

  /** What it wrote since it was started last. */
  log(): string {
    return this.#program?.log() ?? '';
  }
}
