// An application service that can misbehave: it answers as a test tells it to, and remembers what it was sent to the byte.
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** How it answers: accept, refuse with a status, nothing listens, never an answer, 200 with a drip of nonsense. */
export type Mode = 'ok' | 'down' | 'hang' | 'garbage' | number;

/** One request as it came. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  readonly body: string;
  readonly sha256: string;
}

interface Event {
  readonly event_id: string;
  readonly type: string;
  readonly room_id: string;
  readonly sender: string;
  readonly state_key?: string;
  readonly content: Record<string, unknown>;
  readonly unsigned?: Record<string, unknown>;
}

/** The double. */
export class AppserviceDouble {
  mode: Mode = 'ok';
  /** Overrides the mode for single requests: a status, or undefined to go by the mode. */
  judge: (request: SeenRequest) => Mode | undefined = () => undefined;
  /** JSON answers by path. */
  answers = new Map<string, unknown>();
  readonly requests: SeenRequest[] = [];
  /** Requests that are being answered now, and the most there were at once. */
  inFlight = 0;
  inFlightMax = 0;
  port = 0;
  readonly #server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => this.#answer(request, response, Buffer.concat(chunks)));
  });
  #listeners = new Set<() => void>();

  #answer(request: http.IncomingMessage, response: http.ServerResponse, bytes: Buffer): void {
    const seen: SeenRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      token: request.headers.authorization?.replace(/^Bearer /, ''),
      body: bytes.toString('utf8'),
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
    this.inFlight += 1;
    this.inFlightMax = Math.max(this.inFlightMax, this.inFlight);
    response.on('close', () => {
      this.inFlight -= 1;
    });
    this.requests.push(seen);
    const mode = this.judge(seen) ?? this.mode;
    if (mode === 'ok') {
      const answer = this.answers.get(seen.path.split('?')[0] ?? '') ?? {};
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    } else if (mode === 'garbage') {
      response.writeHead(200, { 'content-type': 'text/html' });
      response.write('<html>'); // and never an end
    } else if (typeof mode === 'number') {
      response.writeHead(mode, { location: 'http://127.0.0.1:1/elsewhere' }).end('{"errcode":"M_UNKNOWN"}');
    } else if (mode === 'down') request.socket.destroy();
    for (const listener of this.#listeners) listener();
  }

  /** Listens on any free port of loopback, or on the one it had; or on a unix socket. @returns its url */
  async listen(socket?: string): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      if (socket === undefined) this.#server.listen(this.port, '127.0.0.1', resolve);
      else this.#server.listen(socket, resolve);
    });
    if (socket !== undefined) return `unix:${socket}`;
    this.port = (this.#server.address() as AddressInfo).port;
    return `http://127.0.0.1:${this.port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** Transactions as they came, retries included. */
  get transactions(): (SeenRequest & { readonly txnId: number })[] {
    return this.requests.flatMap((request) => {
      const txnId = /\/transactions\/(\d+)/.exec(request.path)?.[1];
      return txnId === undefined ? [] : [{ ...request, txnId: Number(txnId) }];
    });
  }

  /** Events of the transactions, each transaction once, in the order in which they first came. */
  get events(): Event[] {
    const seen = new Map(this.transactions.map((transaction) => [transaction.txnId, transaction.body]));
    return [...seen.values()].flatMap((body) => (JSON.parse(body) as { events: Event[] }).events);
  }

  /** Waits until a condition holds, looked at after each request. */
  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => {
      const listener = () => {
        if (!condition()) return;
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }
}
