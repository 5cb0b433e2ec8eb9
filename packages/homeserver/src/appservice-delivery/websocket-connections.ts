// GET /_matrix/client/unstable/fi.mau.as_sync: an application service connects to us, and what we would send to its url goes over this
// connection: transactions, pings, questions. So a bridge behind a NAT needs no port that is open to anybody. One connection per
// application service: a new one takes the place of the old one, whichever process holds that.
//
//   process A  ── socket of irc ──▶ tells the others "irc is here" ──▶ process B lets its delivery to irc go ──▶ A takes the lease and sends
//
// The delivery of an application service runs where its socket is (delivery.ts asks `wayTo`); frozen bytes, order and the wait for
// the acknowledgement are the same as over HTTP. Spoken as mautrix speaks it: websocket-messages.ts.

import type { IncomingMessage as HttpRequest } from 'node:http';
import type { Duplex } from 'node:stream';
import { MatrixError } from '@pons/spec';
import { type WebSocket, WebSocketServer } from 'ws';
import { assertCallsFrom } from '../appservices/calls-from.ts';
import type { Appservice, AppserviceRegistry } from '../appservices/registry.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { AppserviceAnswer, AppserviceRequest, Transport } from './call-appservice.ts';
import type { Way } from './delivery-state.ts';
import { WebsocketConnection } from './websocket-connection.ts';
import type { WebsocketsElsewhere } from './websockets-elsewhere.ts';

/** Where application services connect. */
export const websocketPath = '/_matrix/client/unstable/fi.mau.as_sync';
/** Larger than any answer that we take by HTTP, as Base64. */
const messageBytesMax = 2_097_152;
/** The version of the messages that we speak. */
const versionSpoken = 3;
/** A call whose connection is replaced goes over the new one; a service that replaces it without end is not followed. */
const replacementsFollowedMax = 3;

export interface WebsocketParts {
  readonly registry: AppserviceRegistry;
  readonly clock: Clock;
  readonly log: Log;
  /** The other processes; undefined: there are none. */
  readonly elsewhere?: WebsocketsElsewhere;
  /** Where this application service is sent to has changed. */
  readonly onChange: (appserviceId: string) => void;
}

/** The websockets of this process. */
export interface AppserviceWebsockets extends Transport {
  readonly path: string;
  /** Takes an upgrade, for http/server.ts, which knows from where it comes. */
  upgrade(request: HttpRequest, socket: Duplex, head: Buffer, remoteAddress: string): void;
  /** Here: this process holds its socket, or there is a url and nobody holds one. */
  readonly wayTo: (appservice: Appservice) => Way;
  start(): Promise<void>;
  /** Tells all that the server stops, and waits a moment for them to go. */
  stop(): Promise<void>;
}

/** Nobody can connect before the listeners are open. */
export function createAppserviceWebsockets(parts: WebsocketParts): AppserviceWebsockets {
  const { registry, log, elsewhere } = parts;
  const open = new Map<string, WebsocketConnection>();
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: messageBytesMax,
    perMessageDeflate: false,
    clientTracking: false,
  });
  let stopped = false;
  const unsubscribe = registry.onChange(() => {
    for (const connection of open.values()) connection.checkAllowed();
  });
  elsewhere?.follow({
    // The younger connection is the one that the application service believes in.
    onTaken: (id) => void open.get(id)?.close('replaced'),
    onChange: parts.onChange,
  });

  function accept(socket: WebSocket, { token, appservice: { id } }: Caller, remoteAddress: string): void {
    const before = open.get(id);
    const connection = new WebsocketConnection(socket, {
      ...parts,
      appserviceId: id,
      isAllowed() {
        const now = registry.byToken(token);
        return now?.id === id && now.allowsAddress?.(remoteAddress) !== false;
      },
      onEnd() {
        if (open.get(id) !== connection) return;
        open.delete(id);
        elsewhere?.gone(id);
        log.info({ appservice: id }, 'websocket closed');
        parts.onChange(id);
      },
    });
    open.set(id, connection);
    void before?.close('replaced');
    elsewhere?.here(id);
    log.info({ appservice: id }, 'websocket opened');
    parts.onChange(id);
  }

  async function call(request: AppserviceRequest, hsToken: string): Promise<AppserviceAnswer> {
    const { id } = request.appservice;
    let answer: AppserviceAnswer = { outcome: 'failed', reason: 'no-url', message: 'it is not connected' };
    let used: WebsocketConnection | undefined;
    for (let times = 0; times <= replacementsFollowedMax; times++) {
      const connection = open.get(id);
      if (connection === undefined || connection === used || request.signal?.aborted === true) break;
      used = connection;
      answer = await connection.call(request, hsToken);
      if (answer.outcome === 'answered' || answer.reason === 'timeout') break;
    }
    return answer;
  }

  return {
    path: websocketPath,
    connected: (id) => open.has(id),
    call,
    wayTo({ id, registration }) {
      if (open.has(id)) return 'here';
      if (elsewhere?.holds(id) === true) return 'elsewhere';
      return registration.url === null ? 'nowhere' : 'here';
    },
    upgrade(request, socket, head, remoteAddress) {
      try {
        if (stopped) throw new MatrixError('M_UNKNOWN', 'The server is stopping.', { status: 503 });
        const caller = whoConnects(registry, request);
        assertCallsFrom(caller.appservice, remoteAddress);
        server.handleUpgrade(request, socket, head, (accepted) => accept(accepted, caller, remoteAddress));
      } catch (error) {
        if (!(error instanceof MatrixError)) throw error;
        refuse(socket, error);
      }
    },
    start: async () => elsewhere?.start(),
    async stop() {
      stopped = true;
      unsubscribe();
      await Promise.all([...open.values()].map((connection) => connection.close('stopping')));
      await elsewhere?.stop();
    },
  };
}

interface Caller {
  readonly token: string;
  readonly appservice: Appservice;
}

function whoConnects(registry: AppserviceRegistry, { headers }: HttpRequest): Caller {
  const token = /^bearer +(\S+)$/i.exec(headers.authorization?.trim() ?? '')?.[1];
  if (token === undefined)
    throw new MatrixError('M_MISSING_TOKEN', 'Give the as_token in the Authorization header: Bearer <token>.');
  const appservice = registry.byToken(token);
  if (appservice === undefined)
    throw new MatrixError('M_UNKNOWN_TOKEN', 'This is the as_token of no application service.');
  const version = headers['x-mautrix-websocket-version'] ?? String(versionSpoken);
  if (!/^\d{1,3}$/.test(String(version)) || Number(version) < versionSpoken)
    throw new MatrixError(
      'M_INVALID_PARAM',
      `Only version ${versionSpoken} of the websocket's messages is spoken here.`,
    );
  return { token, appservice };
}

// Nothing has been upgraded yet, so the refusal is an ordinary answer.
function refuse(socket: Duplex, { status, errcode, message }: MatrixError): void {
  const text = JSON.stringify({ errcode, error: message });
  socket.on('error', () => {}); // it went away before it was told
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
}
