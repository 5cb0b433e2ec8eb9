// Stands between a bridge and the homeserver and passes everything on as it is, websockets too. It notes what was asked and how it was
// answered, so that a part can tell which way a bridge went and what was refused.

import http from 'node:http';
import net from 'node:net';
import { freePorts } from '@pons/testkit/free-ports';

/** One kind of request, with identifiers left out of its path. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly errcode: string;
  times: number;
}

/** A request that was kept with its answer. */
export interface Kept {
  readonly body: unknown;
  readonly answer: unknown;
}

/** Only the beginning of an answer is looked at for its error code. */
const lookedAtMax = 2_048;
const isIdentifier = /^(?:[!@#$]|%21|%40|%23|%24|mautrix-go_|pons)|^[^.]*\d[^.]{8,}$/;

function withoutIdentifiers(url: string): string {
  return (url.split('?')[0] ?? '')
    .split('/')
    .map((part) => (isIdentifier.test(part) ? '{}' : part))
    .join('/');
}

/** Collects what comes, up to a length. */
function textOf(message: http.IncomingMessage, max: number): () => string {
  const chunks: Buffer[] = [];
  let length = 0;
  message.on('data', (chunk: Buffer) => {
    if (length < max) chunks.push(chunk);
    length += chunk.length;
  });
  return () => Buffer.concat(chunks).toString();
}

export class RequestRecorder {
  readonly asked = new Map<string, Asked>();
  /** What went well of the requests whose path `keep` matches, whole and in their order. */
  readonly kept: Kept[] = [];
  keep: RegExp | undefined;
  url = '';
  readonly #homeserver: () => URL;
  readonly #sockets = new Set<net.Socket>();
  readonly #server = http.createServer((request, response) => this.#pass(request, response));

  constructor(homeserver: () => string) {
    this.#homeserver = () => new URL(homeserver());
  }

  async listen(): Promise<void> {
    const [port = 0] = await freePorts(1);
    this.#server.on('upgrade', (request: http.IncomingMessage, socket: net.Socket, head: Buffer) =>
      this.#tunnel(request, socket, head),
    );
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  /** How often this was asked and answered well; the path may end where it likes. */
  count(method: string, path: RegExp): number {
    return [...this.asked.values()]
      .filter((one) => one.method === method && path.test(one.path) && one.status < 400)
      .reduce((sum, { times }) => sum + times, 0);
  }

  /** What was refused, but for what `expected` names. */
  refused(expected: RegExp): Asked[] {
    return [...this.asked.values()].filter(
      ({ method, path, status, errcode }) => status >= 400 && !expected.test(`${method} ${path} ${status} ${errcode}`),
    );
  }

  #note(method: string, url: string, status: number, errcode = ''): void {
    const path = withoutIdentifiers(url);
    const key = `${method} ${path} ${status} ${errcode}`;
    const one = this.asked.get(key) ?? { method, path, status, errcode, times: 0 };
    one.times += 1;
    this.asked.set(key, one);
  }

  #pass(request: http.IncomingMessage, response: http.ServerResponse): void {
    const { hostname, port } = this.#homeserver();
    const { method = 'GET', url = '/' } = request;
    const isKept = this.keep?.test(url.split('?')[0] ?? '') === true;
    // What is looked at here must not come compressed.
    const { 'accept-encoding': _, ...headers } = request.headers;
    const onward = http.request({ hostname, port, method, path: url, headers }, (answer) => {
      const status = answer.statusCode ?? 502;
      const text = textOf(answer, isKept ? Number.POSITIVE_INFINITY : lookedAtMax);
      answer.once('end', () => {
        this.#note(method, url, status, /"errcode":\s*"([^"]+)"/.exec(text())?.[1]);
        if (isKept && status < 400) this.kept.push({ body: JSON.parse(asked()), answer: JSON.parse(text()) });
      });
      response.writeHead(status, answer.headers);
      answer.pipe(response);
    });
    // The homeserver is away: so it is for the bridge.
    onward.once('error', () => response.destroy());
    response.once('close', () => onward.destroy());
    const asked = textOf(request, isKept ? Number.POSITIVE_INFINITY : 0);
    request.pipe(onward);
  }

  #tunnel(request: http.IncomingMessage, socket: net.Socket, head: Buffer): void {
    const { hostname, port } = this.#homeserver();
    const onward = net.connect(Number(port), hostname, () => {
      const headers = request.rawHeaders.flatMap((name, index, all) =>
        index % 2 === 0 ? [`${name}: ${all[index + 1] ?? ''}`] : [],
      );
      onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.once('data', (chunk: Buffer) =>
      this.#note('WEBSOCKET', request.url ?? '', Number(/^HTTP\/1\.1 (\d+)/.exec(chunk.toString())?.[1] ?? 502)),
    );
    for (const one of [socket, onward]) {
      this.#sockets.add(one);
      one.once('error', () => one.destroy());
      one.once('close', () => {
        this.#sockets.delete(one);
        socket.destroy();
        onward.destroy();
      });
    }
  }
}
