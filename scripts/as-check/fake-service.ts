// A scripted application service for the checks: it accepts, or does as it is told, and keeps of tens of thousands of events what the checks
// ask for: when each came and under which transaction id, the hash of every attempt, and on demand the bodies.

import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request other than a transaction. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly atMs: number;
}

/** How a request is answered; undefined: well. */
export type Reply = { readonly status: number; readonly json?: unknown } | 'never' | undefined;

/** What came of an event. */
export interface Arrival {
  readonly txnId: string;
  readonly atMs: number;
  readonly type: string;
  readonly room: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
}

interface Event {
  readonly event_id: string;
  readonly type: string;
  readonly room_id: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
}

export class FakeService {
  readonly id: string;
  readonly more: Readonly<Record<string, unknown>>;
  readonly asToken = randomBytes(24).toString('hex');
  readonly hsToken = randomBytes(24).toString('hex');
  /** First arrival of each event, in order. */
  readonly arrivals = new Map<string, Arrival>();
  /** Transaction id → hash of each attempt. */
  readonly attempts = new Map<string, string[]>();
  readonly asked: Asked[] = [];
  /** Bodies of accepted transactions, when `keepsBodies`. */
  readonly bodies: Readonly<Record<string, unknown>>[] = [];
  keepsBodies = false;
  /** Events that came under a second transaction id. */
  again = 0;
  accepted = 0;
  largestBytes = 0;
  port = 0;
  reply: (request: {
    readonly method: string;
    readonly path: string;
    readonly body: string;
  }) => Reply | Promise<Reply> = () => undefined;
  #listeners = new Set<() => void>();
  readonly #done = new Set<string>();
  /** Responses that are not given, and whether they are to a transaction. */
  readonly #waiting = new Map<http.ServerResponse, boolean>();
  readonly #server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => void this.#answer(request, response, Buffer.concat(chunks)));
  });

  constructor(id: string, more: Readonly<Record<string, unknown>> = {}) {
    this.id = id;
    this.more = more;
  }

  /** Its registration. The sender is inside no namespace; ghosts begin with `_ID_`. */
  registration(url: string | null = `http://127.0.0.1:${this.port}`): Readonly<Record<string, unknown>> {
    return {
      id: this.id,
      url,
      as_token: this.asToken,
      hs_token: this.hsToken,
      sender_localpart: `${this.id}bot`,
      rate_limited: false,
      receive_ephemeral: true,
      namespaces: {
        users: [{ exclusive: true, regex: `@_${this.id}_.*` }],
        aliases: [{ exclusive: true, regex: `#_${this.id}_.*` }],
        rooms: [],
      },
      ...this.more,
    };
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (this.#server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** Answers well again, and lets go of who waits. */
  heal(): void {
    this.reply = () => undefined;
    for (const response of this.#waiting.keys()) response.destroy();
    this.#waiting.clear();
  }

  /** Transactions that are not answered, at this moment. */
  get held(): number {
    return [...this.#waiting.values()].filter(Boolean).length;
  }

  /** Attempts to deliver, retries included. */
  get tries(): number {
    let sum = 0;
    for (const list of this.attempts.values()) sum += list.length;
    return sum;
  }

  /** Transactions whose attempts differ in their bytes. */
  get altered(): number {
    return [...this.attempts.values()].filter((list) => new Set(list).size > 1).length;
  }

  /** Entries of one key of the bodies kept. */
  entries(key: string): Readonly<Record<string, unknown>>[] {
    return this.bodies.flatMap((body) => (Array.isArray(body[key]) ? (body[key] as Record<string, unknown>[]) : []));
  }

  /** Waits until a condition holds, looked at after each request. @throws Error with what was waited for */
  async until(condition: () => boolean, what: string, withinMs = 120_000): Promise<void> {
    if (condition()) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      const listener = () => {
        if (!condition()) return;
        this.#listeners.delete(listener);
        clearTimeout(timer);
        resolve();
      };
      this.#listeners.add(listener);
      timer = setTimeout(() => {
        this.#listeners.delete(listener);
        reject(new Error(`${this.id}: ${what}: not within ${withinMs / 1000} s`));
      }, withinMs);
    });
  }

  /** Waits for all of these events. */
  arrived(eventIds: readonly string[], withinMs?: number): Promise<void> {
    return this.until(() => eventIds.every((id) => this.arrivals.has(id)), `${eventIds.length} events`, withinMs);
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse, bytes: Buffer): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://service');
    const txnId = /\/transactions\/([^/]+)$/.exec(url.pathname)?.[1];
    const method = request.method ?? '';
    const body = bytes.toString('utf8');
    if (txnId === undefined)
      this.asked.push({ method, path: url.pathname, query: url.searchParams, atMs: performance.now() });
    else this.#attempt(txnId, bytes);
    const reply = await this.reply({ method, path: url.pathname, body });
    if (reply === 'never') {
      this.#waiting.set(response, txnId !== undefined);
      response.once('close', () => this.#waiting.delete(response));
    } else {
      const status = reply?.status ?? (method === 'GET' ? 404 : 200);
      if (txnId !== undefined && status === 200) this.#accept(txnId, body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(reply?.json ?? {}));
    }
    for (const listener of this.#listeners) listener();
  }

  #attempt(txnId: string, bytes: Buffer): void {
    const hashes = this.attempts.get(txnId) ?? [];
    hashes.push(createHash('sha256').update(bytes).digest('hex'));
    this.attempts.set(txnId, hashes);
    this.largestBytes = Math.max(this.largestBytes, bytes.byteLength);
  }

  #accept(txnId: string, body: string): void {
    if (this.#done.has(txnId)) return;
    this.#done.add(txnId);
    this.accepted += 1;
    const json = JSON.parse(body) as { readonly events?: readonly Event[] };
    if (this.keepsBodies) this.bodies.push(json);
    for (const { event_id: id, type, room_id: room, sender, content } of json.events ?? []) {
      if (this.arrivals.has(id)) this.again += 1;
      else this.arrivals.set(id, { txnId, atMs: performance.now(), type, room, sender, content });
    }
  }
}
