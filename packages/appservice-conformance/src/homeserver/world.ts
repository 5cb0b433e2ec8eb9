// What the cases act with: the homeserver's address, the services that the kit plays, people, ghosts and rooms. Names carry the run's mark,
// so that a homeserver may be measured again and again.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { createHmac, randomBytes } from 'node:crypto';
import type { Registration } from '@pons/registration';
import { type Answer, call, type CallOptions, describe, part } from '../call.ts';
import { holds, pause } from '../clock.ts';
import { Skipped, Unmet } from '../outcome.ts';
import type { Role } from './roles.ts';
import { isTransaction, type Reply, type Seen, type Service } from './service.ts';

/** Somebody with an account of their own. */
export interface Person {
  readonly userId: string;
  readonly token: string;
  readonly deviceId: string;
}

/** What the kit needs to know of the homeserver. */
export interface WorldParts {
  readonly url: string;
  readonly registrations: ReadonlyMap<Role, Registration>;
  readonly services: ReadonlyMap<Role, Service>;
  /** For accounts by `/_synapse/admin/v1/register`; otherwise registration must be open (m.login.dummy). */
  readonly sharedSecret?: string;
  /** How long something expected is waited for. */
  readonly patienceMs: number;
  /** How long an answer may take that waits for the homeserver's own time limit. */
  readonly timeLimitMs: number;
  /** Kills the homeserver and starts it again; absent where the kit cannot. */
  readonly restart?: () => Promise<void>;
  /** Adds and takes away registrations while the server runs; absent where it cannot. */
  readonly installer?: Installer;
}

/** A server's own way to add a registration live, and to get rid of what was made by way of trial. */
export interface Installer {
  add(registration: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** With all its users and aliases. */
  remove(id: string): Promise<Answer>;
  deleteRoom(roomId: string): Promise<Answer>;
}

/** What the run brought into being. */
export interface Made {
  readonly people: Person[];
  readonly ghosts: { readonly role: Role; readonly userId: string }[];
  readonly rooms: string[];
}

export interface AsOptions {
  readonly user?: string;
  readonly device?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

const v3 = '/_matrix/client/v3';
/** People are limited where services are not: how often and how long they wait for it. */
const waitsMax = 30;
const waitMs = 5000;

/** The stage and its people. */
export class World {
  readonly parts: WorldParts;
  readonly run = randomBytes(4).toString('hex');
  #count = 0;
  #serverName: Promise<string> | undefined;
  readonly #people = new Map<string, Promise<Person>>();
  /** What is to be cleaned up in the end. */
  readonly #underWay = new Set<Promise<Answer>>();
  #isStopped = false;
  readonly made: Made = { people: [], ghosts: [], rooms: [] };

  constructor(parts: WorldParts) {
    this.parts = parts;
  }

  get patienceMs(): number {
    return this.parts.patienceMs;
  }

  /** @throws Skipped when there is none */
  get installer(): Installer {
    if (this.parts.installer === undefined)
      throw new Skipped('the kit knows no way to add services live to this server');
    return this.parts.installer;
  }

  /** Kills the server and starts it again. @throws Skipped when the kit cannot */
  async restart(): Promise<void> {
    if (this.parts.restart === undefined) throw new Skipped('the kit was given no way to kill and start the server');
    await this.parts.restart();
  }

  /** A name that nobody has. */
  unique(prefix: string): string {
    return `${prefix}${this.run}_${(this.#count += 1)}`;
  }

  /** The service that plays a role. @throws Skipped when its registration was left out */
  service(role: Role): Service {
    const service = this.parts.services.get(role);
    if (service === undefined) throw new Skipped(`the registration conformance-${role} is not installed`);
    return service;
  }

  registration(role: Role): Registration {
    const registration = this.parts.registrations.get(role);
    if (registration === undefined) throw new Skipped(`the registration conformance-${role} is not installed`);
    return registration;
  }

  /** For a claim that was broken off: it asks for nothing more, and what it was making is made or not. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#underWay);
    await nextTurn(); // whoever asked notes what was made
  }

  /** Any request; the path is whole. Who has no token waits when the server says that it is too much. */
  async call(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    if (this.#isStopped) throw new Error('the run has ended');
    const ask = () => call(this.parts.url, method, path, options);
    const asked = options.token === undefined ? patiently(ask) : ask();
    if (method !== 'GET') this.#underWay.add(asked);
    const answer = await asked.finally(() => this.#underWay.delete(asked));
    const room = answer.json['room_id'];
    if (path.endsWith('/createRoom') && typeof room === 'string') this.made.rooms.push(room);
    return answer;
  }

  /** A request of a service with its as_token; a path that does not begin with `/_matrix` is below /_matrix/client/v3. */
  async as(role: Role, method: string, path: string, options: AsOptions = {}): Promise<Answer> {
    const { user, device, query = {}, body, timeoutMs } = options;
    const answer = await this.call(method, path.startsWith('/_') ? path : `${v3}${path}`, {
      token: this.registration(role).asToken,
      query: {
        ...query,
        ...(user === undefined ? {} : { user_id: user }),
        ...(device === undefined ? {} : { device_id: device }),
      },
      ...(body === undefined ? {} : { body }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
    const userId = answer.json['user_id'];
    if (path === '/register' && answer.status === 200 && typeof userId === 'string')
      this.made.ghosts.push({ role, userId });
    return answer;
  }

  /** A request of a person, who waits when the server says that it is too much; paths as in `as`. */
  by(
    person: Person,
    method: string,
    path: string,
    body?: unknown,
    query: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return patiently(() => this.byAtOnce(person, method, path, body, query));
  }

  /** The same, a refusal for the number of requests included. */
  byAtOnce(
    person: Person,
    method: string,
    path: string,
    body?: unknown,
    query: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return this.call(method, path.startsWith('/_') ? path : `${v3}${path}`, {
      token: person.token,
      query,
      ...(body === undefined ? {} : { body }),
    });
  }

  /** An answer of 200, or the case breaks off: it is a step on the way, not the claim. */
  async sure(asking: Promise<Answer>, what: string): Promise<Answer['json']> {
    const answer = await asking;
    if (answer.status !== 200) throw new Unmet(`on the way: ${what}: ${describe(answer)}`);
    return answer.json;
  }

  /** server_name, as the sender's user id says it. */
  serverName(): Promise<string> {
    this.#serverName ??= this.sure(this.as('main', 'GET', '/account/whoami'), 'asking who the service is').then(
      (json) => String(json['user_id']).replace(/^[^:]*:/, ''),
    );
    return this.#serverName;
  }

  async userId(localpart: string): Promise<string> {
    return `@${localpart}:${await this.serverName()}`;
  }

  async sender(role: Role): Promise<string> {
    return this.userId(this.registration(role).senderLocalpart);
  }

  /** A person by first name, one and the same through the run. */
  person(name: string): Promise<Person> {
    const before = this.#people.get(name);
    if (before !== undefined) return before;
    const made = this.register(`${name}_${this.run}`);
    this.#people.set(name, made);
    return made;
  }

  /** A new account of a person. */
  async register(username: string): Promise<Person> {
    return this.keep(await this.sure(this.tryToRegister(username), 'an account for a person'));
  }

  /** Somebody who has just been registered. */
  keep(json: Answer['json']): Person {
    const [userId, token, deviceId] = [json['user_id'], json['access_token'], json['device_id']].map(String);
    const person = { userId: userId ?? '', token: token ?? '', deviceId: deviceId ?? '' };
    this.made.people.push(person);
    return person;
  }

  /** The request that registers a person, whatever it is answered. */
  async tryToRegister(username: string): Promise<Answer> {
    const password = passwordOf(username);
    const { sharedSecret } = this.parts;
    if (sharedSecret === undefined) {
      const body = { username, password, auth: { type: 'm.login.dummy' } };
      return this.call('POST', `${v3}/register`, { body });
    }
    const path = '/_synapse/admin/v1/register';
    const asked = await this.call('GET', path);
    const { nonce } = asked.json;
    if (typeof nonce !== 'string') return asked;
    const mac = createHmac('sha1', sharedSecret)
      .update([nonce, username, password, 'notadmin'].join('\0'))
      .digest('hex');
    return this.call('POST', path, { body: { nonce, username, password, admin: false, mac } });
  }

  /** Registers a ghost of a role; inside its namespace. @returns its user id */
  async ghost(role: Role, prefix = ghostPrefix(role)): Promise<string> {
    const username = this.unique(prefix);
    const registering = patiently(() => this.registerAs(role, username));
    await this.sure(registering, 'registering a ghost');
    return this.userId(username);
  }

  /** A new device of a ghost or sender: made by its service (MSC4190), or where the server has no such thing by a login. @returns its id */
  async device(role: Role, user: string): Promise<string> {
    const device = this.unique('DEV');
    const made = await this.as(role, 'PUT', `/devices/${device}`, { user, body: { display_name: 'bridge' } });
    if (made.status === 200 || made.status === 201) return device;
    const identifier = { type: 'm.id.user', user };
    const body = { type: 'm.login.application_service', identifier, device_id: device };
    await this.sure(
      this.as(role, 'POST', '/login', { body }),
      `making a device (${describe(made)}), or logging one in`,
    );
    return device;
  }

  /** The request that registers a ghost. */
  registerAs(role: Role, username: string, more: object = {}): Promise<Answer> {
    const body = { type: 'm.login.application_service', username, inhibit_login: true, ...more };
    return this.as(role, 'POST', '/register', { body });
  }

  /** A public room of a person. */
  async room(creator: Person, more: object = {}): Promise<string> {
    const json = await this.sure(
      this.by(creator, 'POST', '/createRoom', { preset: 'public_chat', ...more }),
      'making a room',
    );
    return String(json['room_id']);
  }

  /** Lets a user of a service join. */
  async join(role: Role, user: string, room: string): Promise<void> {
    await this.sure(this.as(role, 'POST', `/join/${part(room)}`, { user, body: {} }), `letting ${user} join`);
  }

  /** A room of a person with one new ghost of each role in it. */
  async roomWith(creator: Person, ...withRoles: readonly Role[]): Promise<{ room: string; ghosts: string[] }> {
    const room = await this.room(creator);
    const ghosts: string[] = [];
    for (const role of withRoles) {
      const ghost = await this.ghost(role);
      await this.join(role, ghost, room);
      ghosts.push(ghost);
    }
    return { room, ghosts };
  }

  /** A text message. @returns its event id */
  async say(person: Person, room: string, body: string, more: object = {}): Promise<string> {
    const path = `/rooms/${part(room)}/send/m.room.message/${part(this.unique('t'))}`;
    const json = await this.sure(
      this.by(person, 'PUT', path, { msgtype: 'm.text', body, ...more }),
      'sending a message',
    );
    return String(json['event_id']);
  }

  /** Waits for an event at a service. @throws Unmet when it does not come */
  async arrives(role: Role, eventId: string, what: string, withinMs = this.patienceMs): Promise<Seen> {
    const seen = await this.service(role).event((event) => event.event_id === eventId, withinMs);
    if (seen === undefined) throw new Unmet(`${what} did not reach the service within ${withinMs / 1000} s`);
    return seen;
  }

  /** Waits for a condition. @throws Unmet */
  async until(condition: () => boolean, otherwise: string, withinMs = this.patienceMs): Promise<void> {
    if (!(await holds(condition, withinMs))) throw new Unmet(`${otherwise} within ${withinMs / 1000} s`);
  }

  /** Has a service answer its transactions like this until it is told otherwise; the rest of its requests as before. */
  breaks(role: Role, reply: Reply): void {
    this.service(role).reply = (request) => (isTransaction(request) ? reply : undefined);
  }

  /** Has a service answer well again, and asks the homeserver to notice: a ping. */
  async heals(role: Role): Promise<void> {
    this.service(role).reset();
    const id = part(this.registration(role).id);
    await this.as(role, 'POST', `/_matrix/client/v1/appservice/${id}/ping`, { body: {} });
  }
}

/** Password of a person of the kit. */
export const passwordOf = (username: string): string => `password of ${username}`;

// People wait when the server says that it is too much.
async function patiently(ask: () => Promise<Answer>): Promise<Answer> {
  for (let times = 0; ; times++) {
    const answer = await ask();
    if (answer.status !== 429 || times === waitsMax) return answer;
    await pause(Math.min(Number(answer.json['retry_after_ms'] ?? waitMs), waitMs));
  }
}

/** What the localparts of a role's ghosts begin with. */
export function ghostPrefix(role: Role): string {
  const prefixes: Partial<Record<Role, string>> = {
    other: '_confb_',
    third: '_confc_',
    closed: '_confd_',
    socket: '_confs_',
  };
  return prefixes[role] ?? '_conf_';
}
