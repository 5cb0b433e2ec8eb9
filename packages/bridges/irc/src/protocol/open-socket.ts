// The network itself: one TCP or TLS connection to one server, as the connection needs it. Injected, so that tests can give
// a socket that fails, hangs or says what they like.

import { readFileSync } from 'node:fs';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Where a server is and how it is spoken to. */
export interface ServerAddress {
  host: string;
  port: number;
  /** `false` for plain TCP. */
  tls: false | TlsOptions;
  /** Local address to connect from: networks may ban one user's address and not everybody's. */
  localAddress?: string;
}

/** How the server's certificate is checked, and who we are. */
export interface TlsOptions {
  /** `false` accepts any certificate; only for networks that have nothing better. */
  verify: boolean;
  /** PEM file of an authority trusted besides the system's. */
  caFile?: string;
  /** Name that the certificate must carry, where it is not `host`. */
  serverName?: string;
}

/** What the connection uses of a socket. */
export interface IrcSocket {
  write(text: string, flushed: () => void): void;
  /** Ends after what was written is sent. */
  end(): void;
  destroy(): void;
  /** Stops and resumes reading: what nobody can take yet stays in the system's buffers. */
  pause(): void;
  resume(): void;
}

/** What a socket tells; `closed` comes exactly once. */
export interface SocketEvents {
  connected(): void;
  data(chunk: Uint8Array): void;
  closed(why: string): void;
}

/** Opens a socket; it never throws, failures arrive as `closed`. */
export type OpenSocket = (server: ServerAddress, events: SocketEvents) => IrcSocket;

/** Opens a real socket with Node's net and tls. */
export const openSocket: OpenSocket = (server, events) => {
  let why = 'the server closed the connection';
  let socket: Socket;
  try {
    socket = dial(server, () => events.connected());
  } catch (error) {
    // An unreadable CA file or an impossible address: the same as a server that cannot be reached.
    const reason = error instanceof Error ? error.message : 'cannot connect';
    queueMicrotask(() => events.closed(reason));
    return CLOSED_SOCKET;
  }
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 30_000);
  socket.on('data', (chunk) => events.data(chunk));
  socket.on('error', (error) => {
    why = error.message;
  });
  socket.on('close', () => events.closed(why));
  return {
    write: (text, flushed) => {
      if (!socket.writable) return;
      socket.write(text, 'utf8', (error) => {
        if (!error) flushed();
      });
    },
    end: () => socket.end(),
    destroy: () => socket.destroy(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
};

function dial(server: ServerAddress, connected: () => void): Socket {
  const where = {
    host: server.host,
    port: server.port,
    ...(server.localAddress === undefined ? {} : { localAddress: server.localAddress }),
  };
  if (server.tls === false) return connectPlain(where, connected);
  return connectTls(
    {
      ...where,
      servername: server.tls.serverName ?? server.host,
      rejectUnauthorized: server.tls.verify,
      ...(server.tls.caFile === undefined ? {} : { ca: readFileSync(server.tls.caFile) }),
    },
    connected,
  );
}

const CLOSED_SOCKET: IrcSocket = { write() {}, end() {}, destroy() {}, pause() {}, resume() {} };
