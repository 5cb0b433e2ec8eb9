// A small application service that does everything right, unless it is told which mistake to make: joins when invited, says again what it
// hears. For the tests of the kit: each claim must be missed by the service that makes its mistake.
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as later } from 'node:timers/promises';

/** What can be wrong with it. */
export type Mistake =
  | 'answers-text'
  | 'refuses-empty'
  | 'refuses-ephemeral-only'
  | 'refuses-to-device'
  | 'refuses-unknown-keys'
  | 'fails-on-unknown-types'
  | 'fails-on-redacted'
  | 'fails-on-odd-messages'
  | 'fails-on-odd-members'
  | 'fails-on-depth'
  | 'takes-broken-json'
  | 'takes-any-json'
  | 'small-bodies'
  | 'medium-bodies'
  | 'no-slash-in-ids'
  | 'forgets-ids'
  | 'remembers-late'
  | 'remembers-128'
  | 'forgets-at-restart'
  | 'uses-up-ids'
  | 'answers-itself'
  | 'waits-for-homeserver'
  | 'gives-up'
  | 'no-token-check'
  | 'prefix-token-check'
  | 'as-token-passes'
  | 'open-without-token'
  | 'open-queries'
  | 'open-ping'
  | 'says-401'
  | 'ignores-query-token'
  | 'handles-before-token'
  | 'no-ping'
  | 'lies-about-users'
  | 'lies-about-aliases'
  | 'takes-foreign-users'
  | 'no-protocol'
  | 'lookups-no-list'
  | 'any-protocol'
  | 'fails-unknown-path'
  | 'no-405'
  | 'no-older-path'
  | 'wrong-as-token'
  | 'query-as-token'
  | 'acts-for-others';

interface Event {
  readonly type?: unknown;
  readonly event_id?: string;
  readonly room_id?: string;
  readonly sender?: string;
  readonly state_key?: string;
  readonly content: Record<string, unknown>;
}
interface Reply {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
}
const refuse = (status: number, errcode: string): Reply => ({ status, json: { errcode, error: errcode } });

const triesMax = 50;
const betweenTriesMs = 100;

/** Starts it. @returns its port and how it is stopped */
export class ScriptedService {
  readonly registration: { readonly asToken: string; readonly hsToken: string; readonly sender: string };
  homeserverUrl = '';
  mistake: Mistake | undefined;
  #seen = new Map<string, number>();
  #order = 0;
  #said = 0;
  readonly #server = http.createServer((request, response) => {
    void this.#take(request).then(({ status, json = {}, text }) => {
      if (response.destroyed) return;
      response.writeHead(status, { 'content-type': 'application/json' }).end(text ?? JSON.stringify(json));
    });
  });

  constructor(registration: ScriptedService['registration']) {
    this.registration = registration;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
  /** What a kill leaves of it: ids are on disk, so nothing changes. */
  restart(): Promise<void> {
    if (this.mistake === 'forgets-at-restart') this.#seen = new Map();
    return Promise.resolve();
  }

  #is(mistake: Mistake): boolean {
    return this.mistake === mistake;
  }

  #tokenRefused(request: http.IncomingMessage, query: URLSearchParams, path: string): Reply | undefined {
    const { hsToken, asToken } = this.registration;
    const given = request.headers.authorization?.replace(/^Bearer /, '');
    if (this.#is('no-token-check')) return undefined;
    if (this.#is('open-without-token') && given === undefined) return undefined;
    if (this.#is('open-queries') && request.method === 'GET') return undefined;
    if (this.#is('open-ping') && path.endsWith('/ping')) return undefined;
    const passes =
      given === hsToken ||
      (this.#is('prefix-token-check') &&
        given !== undefined &&
        (given.startsWith(hsToken) || hsToken.startsWith(given))) ||
      (this.#is('as-token-passes') && given === asToken);
    const inQuery = query.get('access_token');
    const agrees = inQuery === null || inQuery === hsToken || this.#is('ignores-query-token');
    if (passes && agrees) return undefined;
    return this.#is('says-401') ? refuse(401, 'M_UNKNOWN_TOKEN') : refuse(403, 'M_FORBIDDEN');
  }

  async #take(request: http.IncomingMessage): Promise<Reply> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const url = new URL(request.url ?? '/', 'http://x');
    const refused = this.#tokenRefused(request, url.searchParams, url.pathname);
    if (refused !== undefined) {
      if (this.#is('handles-before-token') && request.method === 'PUT') await this.#transaction('stranger', bytes);
      if (this.#is('uses-up-ids')) this.#seen.set(url.pathname.split('/').at(-1) ?? '', (this.#order += 1));
      return refused;
    }
    const older = url.pathname.startsWith('/transactions/') && !this.#is('no-older-path');
    const below = older ? url.pathname.slice(1) : /^\/_matrix\/app\/v1\/(.*)$/.exec(url.pathname)?.[1];
    const parts = below?.split('/') ?? [];
    return this.#route(request.method ?? '', parts, bytes);
  }

  #route(method: string, [kind, first = '', second = '']: readonly string[], bytes: Buffer): Reply | Promise<Reply> {
    if (kind === 'transactions') {
      if (method !== 'PUT') return this.#is('no-405') ? refuse(404, 'M_NOT_FOUND') : refuse(405, 'M_UNRECOGNIZED');
      if (this.#is('no-slash-in-ids') && first.includes('%')) return refuse(404, 'M_UNRECOGNIZED');
      return this.#transaction(first, bytes);
    }
    if (kind === 'ping') return this.#is('no-ping') ? refuse(404, 'M_UNRECOGNIZED') : { status: 200 };
    if (kind === 'users') return this.#user(decodeURIComponent(first));
    if (kind === 'rooms') return this.#is('lies-about-aliases') ? { status: 200 } : refuse(404, 'M_NOT_FOUND');
    if (kind === 'thirdparty') return this.#thirdParty(first, second);
    return this.#is('fails-unknown-path') ? { status: 500, text: 'what?' } : refuse(404, 'M_UNRECOGNIZED');
  }

  #user(user: string): Reply {
    const own = /^@_scripted_[\w-]+:/.test(user);
    if (this.#is('takes-foreign-users') && !own) return { status: 200 };
    return this.#is('lies-about-users') && own ? { status: 200 } : refuse(404, 'M_NOT_FOUND');
  }

  #thirdParty(what: string, protocol: string): Reply {
    if (what !== 'protocol') return { status: 200, json: this.#is('lookups-no-list') ? {} : [] };
    if (protocol !== 'scripted' && !this.#is('any-protocol')) return refuse(404, 'M_NOT_FOUND');
    if (this.#is('no-protocol')) return refuse(404, 'M_NOT_FOUND');
    return { status: 200, json: { user_fields: [], location_fields: [], field_types: {}, icon: '', instances: [] } };
  }

  #transaction(txnId: string, bytes: Buffer): Reply | Promise<Reply> {
    if (this.#is('small-bodies') && bytes.byteLength > 500_000) return refuse(413, 'M_TOO_LARGE');
    if (this.#is('medium-bodies') && bytes.byteLength > 5_000_000) return refuse(413, 'M_TOO_LARGE');
    let body: { events?: Event[] };
    try {
      body = JSON.parse(bytes.toString()) as typeof body;
    } catch {
      if (this.#is('uses-up-ids')) this.#mark(txnId);
      return this.#is('takes-broken-json') ? { status: 200 } : refuse(400, 'M_NOT_JSON');
    }
    if (typeof body !== 'object') return this.#is('takes-any-json') ? { status: 500 } : refuse(400, 'M_BAD_JSON');
    const events = body.events ?? [];
    const odd = this.#oddBody(body, events);
    if (odd !== undefined) return odd;
    if (this.#knows(txnId)) return { status: 200 };
    if (!this.#is('remembers-late')) this.#mark(txnId);
    const handled = Promise.all(events.map((event) => this.#handle(event))).catch(() => undefined);
    if (this.#is('remembers-late')) void handled.then(() => later(200)).then(() => this.#mark(txnId));
    const answer: Reply = this.#is('answers-text') ? { status: 200, text: 'OK' } : { status: 200 };
    return this.#is('waits-for-homeserver') ? handled.then(() => answer) : answer;
  }

  #mark(txnId: string): void {
    this.#seen.set(txnId, (this.#order += 1));
  }
  #knows(txnId: string): boolean {
    const at = this.#seen.get(txnId);
    if (at === undefined || this.#is('forgets-ids')) return false;
    return !this.#is('remembers-128') || this.#order - at < 128;
  }

  #oddBody(body: object, events: readonly Event[]): Reply | undefined {
    const keys = Object.keys(body);
    const fails: readonly (readonly [Mistake, boolean])[] = [
      ['refuses-empty', keys.length === 1 && events.length === 0],
      ['refuses-ephemeral-only', keys.includes('ephemeral')],
      ['refuses-to-device', keys.includes('to_device')],
      ['refuses-unknown-keys', keys.some((key) => key.startsWith('com.example'))],
      ['fails-on-unknown-types', events.some(({ type }) => String(type).startsWith('com.example.unknown'))],
      [
        'fails-on-redacted',
        events.some(({ type, content }) => type === 'm.room.message' && Object.keys(content).length === 0),
      ],
      [
        'fails-on-odd-messages',
        events.some(({ content }) => content['msgtype'] !== undefined && typeof content['body'] !== 'string'),
      ],
      ['fails-on-odd-members', events.some(({ content }) => content['membership'] === 7)],
      ['fails-on-depth', JSON.stringify(events).includes('{' + '"deep":{"deep":{"deep":{"deep"')],
    ];
    return fails.some(([mistake, odd]) => odd && this.#is(mistake))
      ? { status: 500, text: 'Internal Server Error' }
      : undefined;
  }

  async #handle({ type, room_id: room = '', sender, state_key, content }: Event): Promise<void> {
    const { sender: own } = this.registration;
    if (type === 'm.room.member' && content['membership'] === 'invite' && state_key === own)
      await this.#call('POST', `join/${encodeURIComponent(room)}`, {});
    if (type !== 'm.room.message' || content['msgtype'] !== 'm.text') return;
    if (sender === own && !this.#is('answers-itself')) return;
    const path = `rooms/${encodeURIComponent(room)}/send/m.room.message/${(this.#said += 1)}`;
    await this.#call('PUT', path, { msgtype: 'm.notice', body: content['body'] });
  }

  async #call(method: string, path: string, body: object): Promise<void> {
    const token = this.#is('wrong-as-token') ? 'no-token-of-ours' : this.registration.asToken;
    const url = new URL(`${this.homeserverUrl}/_matrix/client/v3/${path}`);
    if (this.#is('query-as-token')) url.searchParams.set('access_token', token);
    if (this.#is('acts-for-others')) url.searchParams.set('user_id', '@alice:localhost');
    for (let tries = 0; tries < triesMax; tries += 1) {
      const { status } = await fetch(url, {
        method,
        headers: this.#is('query-as-token') ? {} : { authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
      if (status < 500 || this.#is('gives-up')) return;
      await later(betweenTriesMs);
    }
  }
}
