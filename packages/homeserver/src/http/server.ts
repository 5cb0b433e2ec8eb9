// The listeners and the way of a request through them. Matrix's and our own API never reach Express: the router finds their route
// and answer-request.ts answers (bare Express costs as much as all of it, docs/decisions/0006). Express serves what is left: the
// console's files. Stopping: no new connections, long polls are told, the rest has 10 seconds.

import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { unixSocket } from '@pons/registration';
import { MatrixError } from '@pons/spec';
import type { Express, Request, Response } from 'express';
import type { Log } from '../platform/telemetry/log.ts';
import { answerRequest, type PreparedRoute, prepareRoute, refuse, type Surroundings } from './answer-request.ts';
import { preflightHeaders } from './cors.ts';
import { createFailureLog } from './failure-log.ts';
import { type ListenerConfig, type ListenerInfo, openListener } from './listener.ts';
import type { Route } from './route.ts';
import { createRouter, type Router } from './router.ts';
import { isServed } from './services.ts';

/** A WebSocket of somebody else's in this process: `packages/pons` brings `/_pons/try-it`. */
export interface Upgrade {
  readonly path: string;
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer, remoteAddress: string): void;
}

/** What the server is made of. */
export interface ServerParts {
  readonly listeners: readonly ListenerConfig[];
  readonly routes: readonly Route[];
  readonly upgrades: readonly Upgrade[];
  /** Folder of the console's files. */
  readonly consoleFolder?: string;
  readonly around: Omit<Surroundings, 'stopping' | 'logFailure'>;
  /** Makes the ids of requests: short, and different after a restart. */
  readonly nextRequestId: () => string;
}

/** The running server. */
export interface HttpServer {
  /** @throws OperatorError when an address cannot be used */
  listen(): Promise<ListenerInfo[]>;
  stop(): Promise<void>;
}

/** Instead of an address, for whoever is gone already. */
const unknownAddress = 'unknown';
/** How long requests in flight may take when the server stops. */
const STOP_MS = 10_000;
/** How long an idle connection is kept: longer than common proxies keep theirs (60 s), or they would use a closed one. */
const IDLE_MS = 65_000;

/** Builds the server; nothing listens yet. */
export function createHttpServer(parts: ServerParts): HttpServer {
  const stopping = new AbortController();
  const routes = parts.routes.map((route) => prepareRoute(route, parts.around.metrics));
  const { log, monotonicMs } = parts.around;
  const around = { ...parts.around, stopping: stopping.signal, logFailure: createFailureLog(log, monotonicMs) };
  const servers: http.Server[] = [];
  const upgraded = new Set<Duplex>();
  // Browsers and fetch connect ahead of a request; Node counts such a connection as neither idle nor busy, and would wait for it.
  const unused = new Set<Duplex>();
  return {
    async listen() {
      const opened: ListenerInfo[] = [];
      const rest = await consoleOf(parts.consoleFolder);
      for (const listener of parts.listeners) {
        const desk = new Desk(parts, listener, { routes, around, rest });
        const make = () => {
          const server = serverFor(listener, desk, parts.around.log);
          server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
            upgraded.add(socket);
            // Node listens no more, and an error that nobody listens for would end the process.
            socket.on('error', () => socket.destroy());
            socket.once('close', () => upgraded.delete(socket));
            const taker = desk.upgradeOf(incoming);
            // Before 24.9 Node does not ask (shouldUpgradeCallback).
            if (taker === undefined) socket.destroy();
            else taker.upgrade(incoming, socket, head, desk.addressOf(incoming));
          });
          server.on(listener.tls === undefined ? 'connection' : 'secureConnection', (socket: Duplex) => {
            unused.add(socket);
            socket.once('close', () => unused.delete(socket));
          });
          server.prependListener('request', ({ socket }: IncomingMessage) => unused.delete(socket));
          servers.push(server);
          return server;
        };
        opened.push(...(await openListener(listener, make)));
      }
      return opened;
    },
    async stop() {
      const closed = servers.map(close);
      stopping.abort();
      for (const socket of [...upgraded, ...unused]) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function serverFor(listener: ListenerConfig, desk: Desk, log: Log): http.Server {
  const serve = (incoming: IncomingMessage, outgoing: ServerResponse) => desk.serve(incoming, outgoing);
  // Who would like another protocol that is not spoken here (h2c, say) is answered in this one.
  const shouldUpgradeCallback = (incoming: IncomingMessage) => desk.upgradeOf(incoming) !== undefined;
  const options = { keepAliveTimeout: IDLE_MS, noDelay: true, shouldUpgradeCallback };
  const server =
    listener.tls === undefined
      ? http.createServer(options, serve)
      : https.createServer({ ...options, ...listener.tls }, serve);
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => refuseUnparsed(error, socket, log));
  return server as http.Server;
}

function close(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    const impatient = setTimeout(() => server.closeAllConnections(), STOP_MS);
    // A connection that becomes idle after `close` would otherwise stay for its idle time.
    const tidyUp = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(impatient);
      clearInterval(tidyUp);
      resolve();
    });
  });
}

// What Node's parser refuses never becomes a request; it too is answered in Matrix's form.
function refuseUnparsed(error: NodeJS.ErrnoException, socket: Duplex, log: Log): void {
  log.debug({ code: error.code }, 'unparsable request');
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const status = tooLarge ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const text = JSON.stringify({
    errcode: tooLarge ? 'M_TOO_LARGE' : 'M_UNKNOWN',
    error: tooLarge ? 'The request line and headers are too large.' : 'The request is not valid HTTP.',
  });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`,
  );
}

/** What the desks of all listeners share. */
interface DeskParts {
  readonly routes: readonly PreparedRoute[];
  readonly around: Surroundings;
  readonly rest: Express | undefined;
}

// Express is loaded when there are files to serve: it costs 20 MB of memory.
async function consoleOf(folder: string | undefined): Promise<Express | undefined> {
  if (folder === undefined) return undefined;
  const [{ default: express }, { staticConsole }] = await Promise.all([
    import('express'),
    import('./static-console.ts'),
  ]);
  const rest = express().disable('x-powered-by').disable('etag').use('/_pons/console', staticConsole(folder));
  // Somebody who types the bare address is looking for the page.
  return rest.get('/', (_, response) => response.redirect(302, '/_pons/console/'));
}

/** Where requests of one listener arrive. */
class Desk {
  readonly #router: Router<PreparedRoute>;
  readonly #upgrades: readonly Upgrade[];
  readonly #rest: Express | undefined;
  readonly #around: Surroundings;
  readonly #nextId: () => string;
  readonly #behindProxy: boolean;
  readonly #withoutAddress: string;

  constructor(parts: ServerParts, listener: ListenerConfig, shared: DeskParts) {
    const { routes, around, rest } = shared;
    const { serves } = listener;
    this.#router = createRouter(routes.filter((route) => isServed(route.endpoint.path, serves)));
    this.#upgrades = parts.upgrades.filter(({ path }) => isServed(path, serves));
    this.#around = around;
    this.#nextId = parts.nextRequestId;
    this.#behindProxy = listener.behindProxy;
    this.#withoutAddress = listener.unix === undefined ? unknownAddress : unixSocket;
    this.#rest = serves.includes('console') ? rest : undefined;
  }

  serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const url = incoming.url ?? '/';
    const mark = url.indexOf('?');
    const pathText = mark < 0 ? url : url.slice(0, mark);
    const id = this.#nextId();
    if (incoming.method === 'OPTIONS') {
      outgoing.writeHead(204, [...preflightHeaders]).end();
      return;
    }
    const exchange = { incoming, outgoing };
    try {
      const found = this.#router.find(incoming.method ?? 'GET', pathText);
      const queryText = mark < 0 ? '' : url.slice(mark + 1);
      const arrival = { id, remoteAddress: this.addressOf(incoming), pathText, queryText };
      void answerRequest(found, exchange, arrival, this.#around);
    } catch (error) {
      const unknown = error instanceof MatrixError && error.status === 404;
      if (unknown && this.#rest !== undefined && (pathText === '/' || pathText.startsWith('/_pons/console'))) {
        this.#rest(incoming as Request, outgoing as Response, (fault?: unknown) =>
          refuse(exchange, fault ?? error, id, this.#around),
        );
        return;
      }
      if (!unknown) outgoing.setHeader('allow', this.#router.methods(pathText).join(', '));
      refuse(exchange, error, id, this.#around);
    }
  }

  /** Who takes the upgrade that a request asks for. */
  upgradeOf({ url = '' }: IncomingMessage): Upgrade | undefined {
    const [path] = url.split('?');
    return this.#upgrades.find((one) => one.path === path);
  }

  /** From where a request comes. Behind a proxy that we are told to trust, the last address of the header is the one that it has seen. */
  addressOf({ headers, socket }: IncomingMessage): string {
    const forwarded = this.#behindProxy ? headers['x-forwarded-for'] : undefined;
    const last = typeof forwarded === 'string' ? forwarded.split(',').at(-1)?.trim() : undefined;
    // A connection that its other end has cut has lost its address; and nobody becomes a unix socket by saying so.
    if (last === undefined || last === '') return socket.remoteAddress ?? this.#withoutAddress;
    return last === unixSocket ? unknownAddress : last;
  }
}
