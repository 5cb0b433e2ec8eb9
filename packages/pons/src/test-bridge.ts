// testBridge: for the tests of those who write bridges. Each call is a real homeserver with a database of its own, cloned from a
// template, and the bridge under test beside it, registered. Nothing is shared between tests but the PostgreSQL process.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ClonedDatabases, clonedDatabases, configFrom, silentLog } from '@pons/homeserver';
import { load } from 'js-yaml';
import { freePort } from './loopback-port.ts';
import { type MatrixPerson, signIn } from './matrix-person.ts';
import { type Pons, type RunningBeside, startPons } from './start-pons.ts';

/** What a bridge is started with: the options of runBridge, but for the network and its configuration. */
export interface BridgePlace {
  readonly homeserverUrl: string;
  /** Name of the homeserver: what stands after the colon. */
  readonly domain: string;
  /** Path of the registration that the homeserver has. */
  readonly registration: string;
  readonly listen: { readonly port: number; readonly bind: string };
  /** Path of a file that is not there yet. */
  readonly store: string;
}

/** What testBridge takes. */
export interface TestBridgeOptions<B extends RunningBeside> {
  /** A registration file, or what stands in one. `url` is set here, tokens and namespaces where absent: `_ID_` for users and aliases. */
  readonly registration: string | ({ readonly id: string } & Readonly<Record<string, unknown>>);
  /** Starts the bridge: `(place) => runBridge({ ...place, network, config })`. */
  readonly bridge: (place: BridgePlace) => Promise<B>;
  /** Keys of homeserver.yaml that the test wants otherwise. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** URL of a PostgreSQL server instead of the embedded one; its user may make databases. */
  readonly database?: string;
}

/** A homeserver with the bridge under test. */
export interface TestBridge<B> {
  /** Base URL of the homeserver. */
  readonly url: string;
  readonly bridge: B;
  /** An ordinary person of the homeserver, signed in; the same one for the same name. */
  user(name: string): Promise<MatrixPerson>;
  /** Stops the bridge, then the homeserver; drops the database. */
  stop(): Promise<void>;
}

const domain = 'localhost';
const secretMode = 0o600;
const tokenBytes = 16;
/** PostgreSQL stays for the next test this long after the last one. */
const lingerMs = 1_000;

/** Starts a homeserver and the bridge; when it resolves, the bridge listens. */
export async function testBridge<B extends RunningBeside>(options: TestBridgeOptions<B>): Promise<TestBridge<B>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pons-bridge-'));
  const databases = sharedDatabases(options.database);
  const started: { bridge?: B; pons?: Pons } = {};
  const database = await databases.create();
  async function stop(): Promise<void> {
    await started.pons?.stop();
    await databases.drop(database);
    rmSync(folder, { recursive: true, force: true });
  }
  try {
    const port = await freePort();
    const registration = writeRegistration(options.registration, folder, port);
    const config = configFrom(
      {
        server_name: domain,
        database,
        data_dir: './data',
        listeners: [{ bind: '127.0.0.1', port: 0 }],
        appservices: { files: [registration] },
        accounts: { password_cost: 'low' },
        rate_limits: 'off',
        ...options.config,
      },
      folder,
    );
    const start = async ({ url: homeserverUrl }: { url: string }) => {
      const listen = { port, bind: '127.0.0.1' };
      const store = path.join(folder, 'bridge.sqlite');
      started.bridge = await options.bridge({ homeserverUrl, domain, registration, listen, store });
      return started.bridge;
    };
    const pons = await startPons({ config, bridges: [start], homeserver: { log: silentLog } });
    started.pons = pons;
    return { url: pons.url, bridge: started.bridge as B, user: people(pons), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function writeRegistration(given: TestBridgeOptions<RunningBeside>['registration'], folder: string, port: number) {
  const values = typeof given === 'string' ? (load(readFileSync(given, 'utf8'), { filename: given }) as object) : given;
  const { id } = values as { id: string };
  const prefix = (sigil: string) => [{ exclusive: true, regex: `${sigil}_${id}_.*` }];
  const token = () => randomBytes(tokenBytes).toString('hex');
  const file = path.join(folder, 'registration.yaml');
  const registration = {
    as_token: token(),
    hs_token: token(),
    sender_localpart: `_${id}_bot`,
    rate_limited: false,
    namespaces: { users: prefix('@'), aliases: prefix('#'), rooms: [] },
    ...values,
    url: `http://127.0.0.1:${port}`,
  };
  writeFileSync(file, JSON.stringify(registration), { mode: secretMode });
  return file;
}

function people(pons: Pons): (name: string) => Promise<MatrixPerson> {
  const known = new Map<string, Promise<MatrixPerson>>();
  async function make(localpart: string): Promise<MatrixPerson> {
    const password = randomBytes(tokenBytes).toString('hex');
    await pons.homeserver.ensureAccount({ localpart, password, admin: false });
    return signIn(pons.url, { username: localpart, password });
  }
  return (name) => {
    const person = known.get(name) ?? make(name);
    known.set(name, person);
    return person;
  };
}

interface Shared {
  readonly databases: ClonedDatabases;
  used: number;
  lingering?: NodeJS.Timeout;
}
const shared = new Map<string | undefined, Shared>();

/** The databases of this process: PostgreSQL starts with the first and ends a moment after the last. */
function sharedDatabases(server: string | undefined): Pick<ClonedDatabases, 'create' | 'drop'> {
  const one: Shared = shared.get(server) ?? { databases: clonedDatabases(server), used: 0 };
  shared.set(server, one);
  function release(): void {
    one.used -= 1;
    if (one.used > 0) return;
    one.lingering = setTimeout(() => {
      shared.delete(server);
      void one.databases.stop();
    }, lingerMs);
  }
  return {
    async create() {
      clearTimeout(one.lingering);
      one.used += 1;
      return one.databases.create().catch((error: unknown) => {
        release();
        throw error;
      });
    },
    async drop(url) {
      await one.databases.drop(url);
      release();
    },
  };
}
