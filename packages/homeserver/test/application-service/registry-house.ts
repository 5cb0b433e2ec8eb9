// A homeserver for tests of application services: a folder of registrations, an administrator, and a clock that can be moved ahead.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestDatabase, testDatabase } from '@pons/testkit/database';
import { registerUser, request, RequestError } from '@pons/testkit/requests';
import { configFrom, createHomeserver, type Homeserver, silentLog, systemClock } from '../../src/index.ts';

export const v3 = '/_matrix/client/v3';
export const adminPath = '/_pons/admin/v1/appservices';

type Answer = Record<string, unknown>;

/** One running homeserver, or several on one database. */
export interface RegistryHouse {
  readonly base: string;
  /** Where its registrations are. */
  readonly folder: string;
  readonly database: TestDatabase;
  readonly admin: string;
  /** Moves the clock ahead for stamps and expiry. */
  aheadMs: number;
  /** As an administrator, below /_pons/admin/v1/appservices. */
  operate(method: string, below: string, body?: unknown): Promise<Answer>;
  person(name: string): Promise<{ userId: string; token: string }>;
  /** Stops it and starts it again on what it has kept. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

interface HouseOptions {
  /** It shares that one's database and folder, as another process would. */
  readonly beside?: RegistryHouse;
  readonly config?: object;
  /** Of that, besides the folder. */
  readonly appservices?: object;
  /** What is in the folder when it starts: by id, what `registrationText` takes. */
  readonly registrations?: Readonly<Record<string, object>>;
}

/** Starts it. */
export async function registryHouse(options: HouseOptions = {}): Promise<RegistryHouse> {
  const { beside, registrations = {} } = options;
  const own = mkdtempSync(join(tmpdir(), 'pons-registry-'));
  const folder = beside?.folder ?? join(own, 'appservices');
  const database = beside?.database ?? (await testDatabase());
  const config = configFrom(
    {
      server_name: 'localhost',
      database: database.url,
      data_dir: './data',
      // Processes of one server have one key, as they have one folder of registrations.
      signing_key_file: join(folder, '../signing.key'),
      listeners: [{ bind: '127.0.0.1', port: 0 }],
      appservices: { folder, ...options.appservices },
      accounts: { registration: { mode: 'open', shared_secret: 'secret' }, password_cost: 'low' },
      admin: { users: ['@root:localhost'] },
      rate_limits: 'off',
      ...options.config,
    },
    own,
  );
  mkdirSync(folder, { recursive: true });
  for (const [id, more] of Object.entries(registrations)) writeRegistration({ folder }, id, more);
  let aheadMs = 0;
  const now = () => systemClock.now() + aheadMs;
  let homeserver: Homeserver;
  async function start(): Promise<void> {
    homeserver = await createHomeserver(config, { log: silentLog, clock: { ...systemClock, now } });
    const [listener] = await homeserver.listen();
    house.base = listener?.url ?? '';
  }
  const house = {
    base: '',
    folder,
    database,
    admin: '',
    get aheadMs() {
      return aheadMs;
    },
    set aheadMs(ms: number) {
      aheadMs = ms;
    },
    operate: (method: string, below: string, body?: unknown) =>
      request(house.base, method, `${adminPath}${below}`, {
        token: house.admin,
        ...(body === undefined ? {} : { body }),
      }),
    person: (name: string) => registerUser(house.base, name),
    async restart() {
      await homeserver.stop();
      await start();
    },
    async stop() {
      await homeserver.stop();
      if (beside === undefined) await database.drop();
      rmSync(own, { recursive: true });
    },
  };
  await start();
  await homeserver!.ensureAccount({ localpart: 'root', password: 'pw', admin: true });
  const identifier = { type: 'm.id.user', user: 'root' };
  const login = { type: 'm.login.password', identifier, password: 'pw' };
  house.admin = String((await request(house.base, 'POST', `${v3}/login`, { body: login }))['access_token']);
  return house;
}

/** The text of a registration. */
export function registrationText(id: string, more: object = {}): string {
  const registration = {
    id,
    url: null,
    as_token: `as-${id}`,
    hs_token: `hs-${id}`,
    sender_localpart: `_${id}_bot`,
    rate_limited: false,
    namespaces: {
      users: [{ exclusive: true, regex: `@_${id}_.*:localhost` }],
      aliases: [{ exclusive: true, regex: `#_${id}_.*:localhost` }],
    },
    ...more,
  };
  return JSON.stringify(registration, undefined, 2);
}

/** Writes a registration into the folder. */
export function writeRegistration(house: Pick<RegistryHouse, 'folder'>, id: string, more: object = {}): string {
  const file = join(house.folder, `${id}.yaml`);
  writeFileSync(file, registrationText(id, more));
  return file;
}

/** Registers a ghost; its user id. */
export async function ghost(base: string, token: string, localpart: string): Promise<string> {
  const body = { type: 'm.login.application_service', username: localpart, inhibit_login: true };
  return String((await request(base, 'POST', `${v3}/register`, { token, body }))['user_id']);
}

/** Who a token acts as, or how it is refused. */
export async function whoIs(base: string, token: string, userId?: string): Promise<string> {
  const query = userId === undefined ? '' : `?user_id=${encodeURIComponent(userId)}`;
  return answered(request(base, 'GET', `${v3}/account/whoami${query}`, { token }), 'user_id');
}

/** A member of the answer, or status and errcode of the refusal. */
export async function answered(asking: Promise<Answer>, member?: string): Promise<string> {
  try {
    const answer = await asking;
    return member === undefined ? 'ok' : String(answer[member]);
  } catch (error) {
    if (error instanceof RequestError) return `${error.status} ${error.errcode}`;
    throw error;
  }
}
