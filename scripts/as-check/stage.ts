// The stage of a check: a folder, a homeserver as a process of its own that can be killed and started again on the same port and data,
// scripted services, people and ghosts. Everything is taken down at the end, whatever happened.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePorts } from '@pons/testkit/free-ports';
import { serve, type Served, testConfig } from '@pons/testkit/serve';
import pg from 'pg';
import { type Call, CallError, caller, type CallOptions, cpuMs, sleep } from '../../bench/measure.ts';
import { FakeService } from './fake-service.ts';

export interface Person {
  readonly userId: string;
  readonly token: string;
}

export const v3 = '/_matrix/client/v3';
export const part = encodeURIComponent;

export class Stage {
  readonly dir = mkdtempSync(path.join(tmpdir(), 'pons-as-check-'));
  readonly services: FakeService[] = [];
  url = '';
  #config: Record<string, unknown> = {};
  #server: Served | undefined;
  #caller: ReturnType<typeof caller> | undefined;
  #admin: Promise<Person> | undefined;
  #count = 0;

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  /** A service that listens; before `start` it gets a registration file. */
  async service(id: string, more: Readonly<Record<string, unknown>> = {}): Promise<FakeService> {
    const service = new FakeService(id, more);
    await service.listen();
    this.services.push(service);
    return service;
  }

  /** Starts the homeserver with the services so far. */
  async start(config: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const [port] = await freePorts(1);
    const files = this.services.map((service) => {
      const file = `${service.id}.yaml`;
      writeFileSync(path.join(this.dir, file), JSON.stringify(service.registration()));
      return file;
    });
    this.#config = testConfig({
      listeners: [{ bind: '127.0.0.1', port }],
      appservices: { files, request_timeout_ms: 10_000 },
      admin: { users: ['@root:localhost'] },
      ...config,
    });
    await this.#serve();
  }

  async #serve(): Promise<void> {
    this.#server = await serve({ dir: this.dir, config: this.#config });
    this.url = this.#server.url;
    this.#caller?.close();
    this.#caller = caller(this.url);
  }

  /** Ends the process. */
  async end(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    await this.#server?.end(signal);
  }

  /** Ends the process and starts it again. */
  async restart(
    signal: 'SIGTERM' | 'SIGKILL' = 'SIGKILL',
    config: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    await this.end(signal);
    this.#config = { ...this.#config, ...config };
    await this.#serve();
  }

  /** Asks the homeserver's own database. */
  async query<Row extends object>(text: string): Promise<Row[]> {
    const { database } = this.#config;
    // PostgreSQL writes the folder of its socket into the fifth line of its pid file.
    const pidFile = path.join(this.dir, 'data/postgres/cluster/postmaster.pid');
    const client = new pg.Client(
      typeof database === 'string'
        ? { connectionString: database }
        : { host: readFileSync(pidFile, 'utf8').split('\n')[4] ?? '', user: 'pons', database: 'pons' },
    );
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Rows of these tables that the homeserver's statements have read so far, by whatever plan. */
  async rowsRead(tables: readonly string[]): Promise<number> {
    const now = async () =>
      (
        await this.query<{ rows: string }>(
          `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) as rows from pg_stat_user_tables
            where relname in ('${tables.join("', '")}')`,
        )
      )[0]?.rows ?? '';
    let rows = await now();
    // A connection that has been idle for ten seconds has told what it counted.
    for (let same = 0; same < 12; ) {
      await sleep(1000);
      const next = await now();
      same = next === rows ? same + 1 : 0;
      rows = next;
    }
    return Number(rows);
  }

  /** Takes everything down. */
  async close(): Promise<void> {
    await this.end();
    this.#caller?.close();
    await Promise.all(this.services.map((service) => service.close()));
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** What the homeserver wrote to its log last. */
  log(): string {
    return this.#server?.log() ?? '';
  }

  /** CPU milliseconds of the homeserver and its database so far. */
  cpu(): number {
    const [node, database] = cpuMs(this.pid);
    return node + database;
  }

  unique(prefix: string): string {
    return `${prefix}${(this.#count += 1)}`;
  }

  /** A request; the JSON answer. @throws CallError for a refusal */
  readonly call: Call = (method, where, options) => this.#caller!.call(method, where, options);

  /** Status and error code instead of an exception; '200' when it went well. */
  async outcome(asking: Promise<unknown>): Promise<string> {
    try {
      await asking;
      return '200';
    } catch (error) {
      if (error instanceof CallError)
        return `${error.status} ${typeof error.body['errcode'] === 'string' ? error.body['errcode'] : ''}`.trim();
      throw error;
    }
  }

  /** A request of a service, as one of its users. */
  as<T = Record<string, unknown>>(
    service: FakeService,
    method: string,
    where: string,
    options: CallOptions & { readonly user?: string } = {},
  ): Promise<T> {
    const { user, ...rest } = options;
    const query = user === undefined ? '' : `${where.includes('?') ? '&' : '?'}user_id=${part(user)}`;
    return this.call<T>(method, `${where}${query}`, { token: service.asToken, ...rest });
  }

  /** An account of a person. */
  async person(username: string): Promise<Person> {
    const body = { username, password: `password of ${username}`, auth: { type: 'm.login.dummy' } };
    const { user_id: userId, access_token: token } = await this.call<{ user_id: string; access_token: string }>(
      'POST',
      `${v3}/register`,
      { body },
    );
    return { userId, token };
  }

  /** The administrator's account. */
  operator(): Promise<Person> {
    this.#admin ??= this.person('root');
    return this.#admin;
  }

  /** A request of the operator to /_pons/admin/v1. */
  async operate<T = Record<string, unknown>>(method: string, where: string, body?: unknown): Promise<T> {
    const { token } = await this.operator();
    return this.call<T>(method, `/_pons/admin/v1${where}`, { token, ...(body === undefined ? {} : { body }) });
  }

  /** Registers a ghost. @returns its user id */
  async ghost(service: FakeService, name = this.unique('g')): Promise<string> {
    const username = `_${service.id}_${name}`;
    const body = { type: 'm.login.application_service', username, inhibit_login: true };
    await this.as(service, 'POST', `${v3}/register`, { body });
    return `@${username}:localhost`;
  }

  async room(person: Person): Promise<string> {
    const { room_id: room } = await this.call<{ room_id: string }>('POST', `${v3}/createRoom`, {
      token: person.token,
      body: { preset: 'public_chat' },
    });
    return room;
  }

  async join(service: FakeService, user: string, room: string): Promise<void> {
    await this.as(service, 'POST', `${v3}/join/${part(room)}`, { user, body: {} });
  }

  /** A ghost of each service in a room. */
  async joinAll(room: string, services: readonly FakeService[] = this.services): Promise<string[]> {
    const ghosts: string[] = [];
    for (const service of services) {
      const ghost = await this.ghost(service);
      await this.join(service, ghost, room);
      ghosts.push(ghost);
    }
    return ghosts;
  }

  /** A message of a person. @returns its event id */
  async say(person: Person, room: string, body = this.unique('n')): Promise<string> {
    return this.#send(room, { token: person.token, body: { msgtype: 'm.text', body } });
  }

  /** A message of a ghost. @returns its event id */
  async sayAs(service: FakeService, user: string, room: string, body = this.unique('n')): Promise<string> {
    return this.#send(room, { token: service.asToken, body: { msgtype: 'm.text', body } }, `?user_id=${part(user)}`);
  }

  async #send(room: string, options: CallOptions, query = ''): Promise<string> {
    const where = `${v3}/rooms/${part(room)}/send/m.room.message/${this.unique('t')}-${performance.now()}${query}`;
    return (await this.call<{ event_id: string }>('PUT', where, options)).event_id;
  }

  /** A service pings the homeserver. */
  ping(service: FakeService): Promise<unknown> {
    return this.as(service, 'POST', `/_matrix/client/v1/appservice/${service.id}/ping`, { body: {} });
  }

  /** What /metrics says. */
  async metrics(): Promise<string> {
    return (await fetch(`${this.url}/metrics`)).text();
  }
}
