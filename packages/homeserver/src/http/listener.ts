// Opens the sockets of one listener: TCP on one or several addresses, or a unix socket. A mistake is one plain line with its remedy.

import { chmod, unlink } from 'node:fs/promises';
import type { Server } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer,
  isIPv6,
  type ListenOptions,
  type Server as NetServer,
} from 'node:net';
import { OperatorError } from '../platform/operator-error.ts';
import type { Service } from './services.ts';

/** One listener as configured. */
export interface ListenerConfig {
  readonly bind: readonly string[];
  /** 0: any free port. */
  readonly port: number;
  /** Path of a unix socket, instead of bind and port. */
  readonly unix?: string;
  readonly serves: readonly Service[];
  /** PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Believe `X-Forwarded-For`: only behind a proxy that sets it. */
  readonly behindProxy: boolean;
}

/** One open socket: what the ready line says. */
export interface ListenerInfo {
  readonly url: string | null;
  readonly unix: string | null;
  readonly port: number | null;
  readonly serves: readonly Service[];
}

/** Only the server's group may connect: a reverse proxy runs in it. */
const SOCKET_MODE = 0o660;

/** Opens a listener's sockets; `make` gives a new server for each. */
export async function openListener(listener: ListenerConfig, make: () => Server): Promise<ListenerInfo[]> {
  const { serves, unix } = listener;
  if (unix !== undefined) {
    await openUnix(unix, make);
    return [{ url: null, unix, port: null, serves }];
  }
  const opened: ListenerInfo[] = [];
  let port = listener.port;
  for (const host of listener.bind) {
    const server = make();
    await listenOn(server, { host, port }, `${host}:${port}`);
    // With port 0 the first address decides, and the others take the same.
    port = (server.address() as AddressInfo).port;
    const scheme = listener.tls === undefined ? 'http' : 'https';
    opened.push({ url: `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`, unix: null, port, serves });
  }
  return opened;
}

/** Opens a listener's ports for a moment, to know that it can be done. @throws OperatorError */
export async function tryListener({ bind, port, unix }: ListenerConfig): Promise<void> {
  if (unix !== undefined || port === 0) return;
  for (const host of bind) {
    const server = createServer();
    await listenOn(server, { host, port }, `${host}:${port}`);
    await new Promise((closed) => server.close(closed));
  }
}

async function openUnix(path: string, make: () => Server): Promise<void> {
  if (await isLeftBehind(path)) await unlink(path);
  await listenOn(make(), { path }, path);
  await chmod(path, SOCKET_MODE);
}

/** A socket file that nobody listens on: a killed process leaves one, and it would block the path forever. */
function isLeftBehind(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}

function listenOn(server: NetServer, options: ListenOptions, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, name)));
    server.listen(options, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function explain(error: NodeJS.ErrnoException, name: string): OperatorError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `${name} is taken by another process: stop it, or choose another port (--set listeners.0.port=8009)`,
    EACCES: `${name}: no permission to listen there: ports below 1024 and foreign folders need rights, choose another`,
    EADDRNOTAVAIL: `${name}: this machine does not have that address: listen on 127.0.0.1 or 0.0.0.0`,
    ENOTFOUND: `${name}: that name has no address: write an address such as 127.0.0.1`,
    ENOENT: `${name}: the folder for the socket does not exist: create it`,
  };
  const reason = reasons[error.code ?? ''] ?? `${name}: cannot listen: ${error.message}`;
  return new OperatorError([reason], { cause: error });
}
