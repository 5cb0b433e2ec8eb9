// The homeserver that the kit plays to an application service: enough of the client-server API that a bridge starts, registers ghosts, joins
// and speaks. What the service brings about is counted as a homeserver would: a repeated transaction id of one user is one event.

import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CompiledNamespaces, Registration } from '@pons/registration';

/** A request of the service. */
export interface ServiceCall {
  readonly method: string;
  readonly path: string;
  readonly user: string;
  readonly tokenIn: 'header' | 'query' | 'nowhere';
  readonly tokenIsRight: boolean;
}

/** Something that the service brought about. */
export interface Effect {
  readonly what: string;
  readonly user: string;
  readonly room: string;
}

interface Reply {
  readonly status: number;
  readonly json: unknown;
}
interface Parsed {
  readonly method: string;
  /** Below /_matrix/client/v3 or another version. */
  readonly parts: readonly string[];
  readonly user: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

const ok = (json: unknown = {}): Reply => ({ status: 200, json });
const refuse = (status: number, errcode: string): Reply => ({ status, json: { errcode, error: errcode } });
const callsMax = 100_000;

/** The double. */
export class HomeserverDouble {
  readonly calls: ServiceCall[] = [];
  readonly effects: Effect[] = [];
  readonly users = new Set<string>();
  readonly aliases = new Map<string, string>();
  readonly rooms = new Map<string, Set<string>>();
  /** Answers everything with this while it is set. */
  trouble: number | 'never' | undefined;
  readonly sender: string;
  readonly #registration: Registration;
  readonly #serverName: string;
  readonly #namespaces: CompiledNamespaces;
  readonly #sent = new Map<string, string>();
  readonly #state = new Map<string, unknown>();
  #count = 0;
  readonly #server = http.createServer((request, response) => void this.#take(request, response));

  constructor(registration: Registration, serverName: string, namespaces: CompiledNamespaces) {
    this.#registration = registration;
    this.#serverName = serverName;
    this.#namespaces = namespaces;
    this.sender = `@${registration.senderLocalpart}:${serverName}`;
    this.users.add(this.sender);
  }

  /** @returns the url that the service must know as its homeserver's */
  async listen(port: number, host = '127.0.0.1'): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
    return `http://${host}:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** A room with somebody in it. */
  makeRoom(...members: readonly string[]): string {
    const room = `!room${(this.#count += 1)}:${this.#serverName}`;
    this.rooms.set(room, new Set(members));
    return room;
  }

  /** An id for an event of this server. */
  eventId(): string {
    return `$event${(this.#count += 1)}`;
  }

  /** What the service brought about in a room. */
  effectsIn(room: string): Effect[] {
    return this.effects.filter((effect) => effect.room === room);
  }

  /** Users it acted for without being allowed to. */
  outsideNamespace(): string[] {
    return [...new Set(this.calls.map(({ user }) => user))].filter((user) => this.#namespaces.user(user) === 'outside');
  }

  async #take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const url = new URL(request.url ?? '/', 'http://homeserver');
    const bearer = request.headers.authorization?.replace(/^Bearer /, '');
    const token = bearer ?? url.searchParams.get('access_token') ?? undefined;
    const user = url.searchParams.get('user_id') ?? this.sender;
    const call: ServiceCall = {
      method: request.method ?? '',
      path: url.pathname,
      user,
      tokenIn: bearer !== undefined ? 'header' : token === undefined ? 'nowhere' : 'query',
      tokenIsRight: token === this.#registration.asToken,
    };
    this.calls.push(call);
    if (this.calls.length > callsMax) this.calls.splice(0, callsMax / 2);
    if (this.trouble === 'never') return;
    const reply =
      this.trouble === undefined ? this.#answer(call, url, Buffer.concat(chunks)) : refuse(this.trouble, 'M_UNKNOWN');
    response.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.json));
  }

  #answer(call: ServiceCall, url: URL, bytes: Buffer): Reply {
    if (url.pathname === '/_matrix/client/versions')
      return ok({ versions: Array.from({ length: 19 }, (_, index) => `v1.${index + 1}`), unstable_features: {} });
    if (call.tokenIn === 'nowhere') return refuse(401, 'M_MISSING_TOKEN');
    if (!call.tokenIsRight) return refuse(401, 'M_UNKNOWN_TOKEN');
    const parts = url.pathname
      .replace(/^\/_matrix\/(client|media)\/[^/]+\//, '')
      .split('/')
      .map(decodeURIComponent);
    const registers = parts[0] === 'register' || parts[0] === 'login';
    if (!registers && (this.#namespaces.user(call.user) === 'outside' || !this.users.has(call.user)))
      return refuse(403, 'M_FORBIDDEN');
    return this.#act({ ...call, parts, query: url.searchParams, body: parse(bytes) });
  }

  #act(of: Parsed): Reply {
    const [kind = '', a = '', b = ''] = of.parts;
    switch (kind) {
      case 'account':
        return ok({ user_id: of.user, ...(of.query.has('device_id') ? { device_id: of.query.get('device_id') } : {}) });
      case 'register':
        return this.#register(String(of.body['username']));
      case 'login':
        return ok({ flows: [{ type: 'm.login.application_service' }], user_id: of.user, device_id: 'DEVICE' });
      case 'createRoom':
        return this.#createRoom(of);
      case 'join':
        return this.#join(of.user, this.aliases.get(a) ?? a);
      case 'joined_rooms':
        return ok({ joined_rooms: [...this.rooms].flatMap(([room, in_]) => (in_.has(of.user) ? [room] : [])) });
      case 'directory':
        return this.#directory(of, b);
      case 'appservice':
        return ok({ duration_ms: 1 });
      case 'rooms':
        return this.#inRoom(of, a);
      default:
        return this.#keep(of);
    }
  }

  #register(username: string): Reply {
    const userId = `@${username}:${this.#serverName}`;
    if (this.#namespaces.user(userId) === 'outside') return refuse(400, 'M_EXCLUSIVE');
    if (this.users.has(userId)) return refuse(400, 'M_USER_IN_USE');
    this.users.add(userId);
    return ok({ user_id: userId });
  }

  #createRoom({ user, body }: Parsed): Reply {
    const alias = `#${String(body['room_alias_name'])}:${this.#serverName}`;
    if (body['room_alias_name'] !== undefined && this.aliases.has(alias)) return refuse(400, 'M_ROOM_IN_USE');
    const room = this.makeRoom(user);
    if (body['room_alias_name'] !== undefined) this.aliases.set(alias, room);
    this.effects.push({ what: 'a room', user, room });
    return ok({ room_id: room });
  }

  #join(user: string, room: string): Reply {
    const members = this.rooms.get(room);
    if (members === undefined) return refuse(404, 'M_NOT_FOUND');
    if (!members.has(user)) this.effects.push({ what: 'a join', user, room });
    members.add(user);
    return ok({ room_id: room });
  }

  // Counted each time: whoever declines an invitation twice has read it twice.
  #leave(user: string, room: string, members: Set<string>): Reply {
    members.delete(user);
    this.effects.push({ what: 'a leave', user, room });
    return ok();
  }

  #directory({ method, body }: Parsed, alias: string): Reply {
    if (method === 'PUT') return (this.aliases.set(alias, String(body['room_id'])), ok());
    const room = this.aliases.get(alias);
    return room === undefined ? refuse(404, 'M_NOT_FOUND') : ok({ room_id: room, servers: [this.#serverName] });
  }

  #inRoom(of: Parsed, room: string): Reply {
    const [, , verb = '', type = '', last = ''] = of.parts;
    const members = this.rooms.get(room);
    if (members === undefined) return refuse(404, 'M_NOT_FOUND');
    if (verb === 'join') return this.#join(of.user, room);
    if (verb === 'joined_members') return ok({ joined: Object.fromEntries([...members].map((user) => [user, {}])) });
    if (verb === 'leave') return this.#leave(of.user, room, members);
    if (verb === 'send' || verb === 'redact' || (verb === 'state' && of.method === 'PUT'))
      return this.#send(of, room, verb === 'state' ? undefined : last, verb === 'redact' ? 'a redaction' : type);
    return this.#keep(of);
  }

  /** @param txnId  undefined: a state event, which is one however often the same is sent */
  #send({ user, parts, body }: Parsed, room: string, txnId: string | undefined, what: string): Reply {
    if (!this.rooms.get(room)?.has(user)) return refuse(403, 'M_FORBIDDEN');
    const mark = txnId ?? createHash('sha256').update(JSON.stringify(body)).digest('hex');
    const key = JSON.stringify([user, parts, mark]);
    const before = this.#sent.get(key);
    if (before !== undefined) return ok({ event_id: before });
    const eventId = this.eventId();
    this.#sent.set(key, eventId);
    this.effects.push({ what, user, room });
    return ok({ event_id: eventId });
  }

  /** Profiles, account data, devices, keys, receipts: what is put is found again, the rest is not there. */
  #keep({ method, user, parts, body }: Parsed): Reply {
    const key = JSON.stringify([user, parts]);
    if (method !== 'GET') return (this.#state.set(key, body), ok());
    const kept = this.#state.get(key);
    return kept === undefined ? refuse(404, 'M_NOT_FOUND') : ok(kept);
  }
}

function parse(bytes: Buffer): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {};
  } catch {
    return {}; // media, or nothing
  }
}
