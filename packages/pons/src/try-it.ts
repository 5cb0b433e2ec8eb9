// /_pons/try-it: the right side of the console's Try it page. A WebSocket of an administrator is one IRC client in the channel: lines come
// out as they are heard, and what the page says goes in. The bridge in between is the real one.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ServerAddress } from '@pons/bridge-irc';
import { type WebSocket, WebSocketServer } from 'ws';
import { whoami } from './matrix-person.ts';
import { type IrcVisitor, visitIrc } from './quick-start/irc-visitor.ts';

/** Pages at once, bytes of a message, and time for the first one: this is a demonstration for a few administrators. */
const pagesMax = 20;
const messageBytesMax = 4096;
const authWithinMs = 10_000;
const joinWithinMs = 15_000;

export interface TryItOptions {
  readonly base: () => string;
  readonly admins: readonly string[];
  readonly server: ServerAddress;
  readonly channel: string;
  readonly roomAlias: string;
}

export interface TryIt {
  readonly path: string;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  stop(): Promise<void>;
}

type FromPage = { t: 'auth'; access_token: string } | { t: 'say'; text: string };

/** Answers WebSocket upgrades of /_pons/try-it. */
export function createTryIt(options: TryItOptions): TryIt {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: messageBytesMax });
  sockets.on('connection', (socket) => {
    if (sockets.clients.size > pagesMax) socket.close(1013, 'too many pages are open');
    else void serve(socket, options);
  });
  return {
    path: '/_pons/try-it',
    upgrade: (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request)),
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets.clients) socket.close(1001, 'the server stops');
        sockets.close(() => resolve());
      }),
  };
}

let visitors = 0;

async function serve(socket: WebSocket, options: TryItOptions): Promise<void> {
  const tell = (message: object) => socket.send(JSON.stringify(message));
  let visitor: IrcVisitor | undefined;
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => socket.terminate());
  try {
    const token = await firstMessage(socket);
    const userId = token === undefined ? undefined : await whoami(options.base(), token);
    if (userId === undefined || !options.admins.includes(userId)) {
      tell({ t: 'error', error: 'Only administrators of this server may use this page.' });
      return socket.close(1008, 'not an administrator');
    }
    visitors += 1;
    visitor = await visitIrc({
      server: options.server,
      channel: options.channel,
      nick: `visitor${visitors}`,
      timeoutMs: joinWithinMs,
    });
    const joined = visitor;
    visitor.onLine((nick, text) => tell({ t: 'line', nick, text }));
    socket.on('message', (data) => {
      const message = parse(data);
      if (message?.t === 'say' && !joined.say(message.text.replace(/[\r\n\0]+/g, ' ')))
        tell({ t: 'error', error: 'The IRC connection does not take lines now.' });
    });
    tell({ t: 'hello', nick: visitor.nick, channel: options.channel, room_alias: options.roomAlias });
    await closed;
  } catch (error) {
    if (socket.readyState === socket.OPEN)
      tell({ t: 'error', error: error instanceof Error ? error.message : String(error) });
    socket.close(1011);
  } finally {
    await visitor?.quit();
  }
}

function firstMessage(socket: WebSocket): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), authWithinMs);
    socket.once('close', () => resolve(undefined));
    socket.once('message', (data) => {
      clearTimeout(timer);
      const message = parse(data);
      resolve(message?.t === 'auth' ? message.access_token : undefined);
    });
  });
}

function parse(data: unknown): FromPage | undefined {
  try {
    const message = JSON.parse(String(data)) as { t?: unknown; access_token?: unknown; text?: unknown };
    if (message.t === 'auth' && typeof message.access_token === 'string')
      return { t: 'auth', access_token: message.access_token };
    if (message.t === 'say' && typeof message.text === 'string') return { t: 'say', text: message.text };
  } catch {
    // Not JSON: the page did not send this; it is ignored like any other unknown message.
  }
  return undefined;
}
