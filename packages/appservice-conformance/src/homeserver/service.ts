// The kit as an application service: it accepts what it is sent, or does as a case tells it, and keeps every attempt to the byte. What it
// reads from transactions is counted once per transaction id, as a real service would; the attempts are there to be compared.

import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import http from 'node:http';
import type { Registration } from '@pons/registration';
import { holds } from '../clock.ts';

/** One request of the homeserver. */
export interface Received {
  readonly method: string;
  /** Without the registration's own path and without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | undefined;
  readonly body: string;
  readonly sha256: string;
  readonly atMs: number;
}

/** How a request is answered: with a status and body, never, or by hanging up. */
export type Reply =
  | { readonly status: number; readonly json?: unknown; readonly text?: string; readonly location?: string }
  | 'never'
  | 'hang-up';

/** A Matrix event or a piece of ephemeral data, as it came. */
export interface Seen {
  readonly type: string;
  readonly event_id?: string;
  readonly room_id?: string;
  readonly sender?: string;
  readonly state_key?: string;
  readonly origin_server_ts?: number;
  readonly redacts?: string;
  readonly content: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** A transaction; all attempts to deliver it are in `Service.received`. */
export interface Transaction {
  readonly txnId: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly sizeBytes: number;
}

const transactionPath = /^(?:\/_matrix\/app\/v1)?\/transactions\/([^/]+)$/;
const receivedMax = 200_000;

/** A listening application service. */
export class Service {
  readonly registration: Registration;
  readonly received: Received[] = [];
  /** First attempts that were accepted, in order. */
  readonly transactions: Transaction[] = [];
  inFlight = 0;
  inFlightMax = 0;
  /** What a case has it do; undefined: as a good service would. */
  reply: (request: Received) => Reply | undefined | Promise<Reply | undefined> = () => undefined;
  readonly #accepted = new Set<string>();
  readonly #waiting = new Set<http.ServerResponse>();
  readonly #server: http.Server;
  readonly #prefix: string;

  constructor(registration: Registration) {
    this.registration = registration;
    const { url } = registration;
    this.#prefix = url === null || url.startsWith('unix:') ? '' : new URL(url).pathname.replace(/\/$/, '');
    this.#server = http.createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => void this.#answer(request, response, Buffer.concat(chunks)));
    });
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse, bytes: Buffer): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://service');
    const received: Received = {
      method: request.method ?? '',
      path: url.pathname.startsWith(this.#prefix) ? url.pathname.slice(this.#prefix.length) : `outside ${url.pathname}`,
      query: url.searchParams,
      token: request.headers.authorization?.replace(/^Bearer /, ''),
      body: bytes.toString('utf8'),
      sha256: createHash('sha256').update(bytes).digest('hex'),
      atMs: performance.now(),
    };
    const txnId = transactionPath.exec(received.path)?.[1];
    this.inFlight += txnId === undefined ? 0 : 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
    response.once('close', () => {
      this.inFlight -= txnId === undefined ? 0 : 1;
    });
    this.received.push(received);
    if (this.received.length > receivedMax) this.received.splice(0, receivedMax / 2);
    const reply = (await this.reply(received)) ?? goodReply(received);
    if (reply === 'hang-up') request.socket.destroy();
    else if (reply === 'never') this.#waiting.add(response);
    else {
      if (txnId !== undefined && reply.status === 200) this.#accept(txnId, received);
      const headers: http.OutgoingHttpHeaders = { 'content-type': 'application/json' };
      if (reply.location !== undefined) headers['location'] = reply.location;
      response.writeHead(reply.status, headers).end(reply.text ?? JSON.stringify(reply.json ?? {}));
    }
  }

  #accept(txnId: string, { body }: Received): void {
    if (this.#accepted.has(txnId)) return;
    this.#accepted.add(txnId);
    const json = JSON.parse(body) as Record<string, unknown>;
    this.transactions.push({ txnId, body: json, sizeBytes: Buffer.byteLength(body) });
  }

  /** Listens where the registration says. */
  async listen(): Promise<void> {
    const { url } = this.registration;
    if (url === null) return;
    const socket = /^unix:(?:\/\/)?(\/.*)$/.exec(url)?.[1];
    if (socket !== undefined) rmSync(socket, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      if (socket !== undefined) this.#server.listen(socket, resolve);
      else this.#server.listen(Number(new URL(url).port), new URL(url).hostname.replace(/^\[|\]$/g, ''), resolve);
    });
  }

  /** Answers well again, and lets go of everybody who waits. */
  reset(): void {
    this.reply = () => undefined;
    for (const response of this.#waiting) response.destroy();
    this.#waiting.clear();
  }

  close(): Promise<void> {
    this.reset();
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** The contents of one key of all transactions, in order. */
  entries(key: string): Seen[] {
    return this.transactions.flatMap(({ body }) => (Array.isArray(body[key]) ? (body[key] as Seen[]) : []));
  }

  /** All events, in order. */
  get events(): Seen[] {
    return this.entries('events');
  }

  /** Attempts to deliver transactions, in order. */
  get attempts(): (Received & { readonly txnId: string })[] {
    return this.received.flatMap((request) => {
      const txnId = transactionPath.exec(request.path)?.[1];
      return txnId === undefined || request.method !== 'PUT' ? [] : [{ ...request, txnId }];
    });
  }

  /** Waits for an event. @returns undefined when it did not come in time */
  async event(matches: (event: Seen) => boolean, withinMs: number): Promise<Seen | undefined> {
    await holds(() => this.events.some(matches), withinMs);
    return this.events.find(matches);
  }
}

/** Whether a request delivers a transaction. */
export const isTransaction = ({ path }: Received): boolean => transactionPath.test(path);

function goodReply({ method, path }: Received): Reply {
  const known = transactionPath.test(path) || /^(\/_matrix\/app\/v1)?\/(ping|users|rooms|thirdparty)\b/.test(path);
  if (!known) return { status: 404, json: { errcode: 'M_UNRECOGNIZED', error: 'no such endpoint' } };
  return method === 'GET' ? { status: 404, json: { errcode: 'M_NOT_FOUND', error: 'nobody here' } } : { status: 200 };
}
