// One open websocket of an application service: sends what it is asked to and waits for the answer, answers what the application service
// asks, and notices when nobody is at the other end any more. Every wait, queue and message is bounded. Held by websocket-connections.ts.

import type { JsonObject } from '@pons/spec';
import type { RawData, WebSocket } from 'ws';
import type { Clock, Timer } from '../platform/clock.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { AppserviceAnswer, AppserviceRequest } from './call-appservice.ts';
import {
  type IncomingMessage,
  plainMessage,
  proxiedAnswer,
  proxyMessage,
  readMessage,
  transactionMessage,
} from './websocket-messages.ts';

/** Why we close, as mautrix knows it: the code, and the status in the reason. */
export const closings = {
  replaced: { code: 4001, status: 'conn_replaced' },
  notAcknowledged: { code: 4002, status: 'transactions_not_acknowledged' },
  stopping: { code: 1012, status: 'server_shutting_down' },
  revoked: { code: 1008, status: 'access_revoked' },
  noMessage: { code: 1007, status: 'not_a_message' },
} as const;

/** One of them. */
export type Closing = keyof typeof closings;

/** Calls that wait for their answer. */
const waitingMax = 1_000;
/** What may lie unsent before nobody is believed to read it. */
const unsentBytesMax = 67_108_864;
/** A connection that is silent is asked this often whether it lives, and ended when it has not answered by the next time. */
const keepaliveMs = 30_000;
/** How long the other end may take to close. */
const closeWithinMs = 1_000;

const transactionPath = /^\/_matrix\/app\/v1\/transactions\/([^/?]+)$/;

export interface ConnectionParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly appserviceId: string;
  /** Whether the token that it was opened with is still good. */
  readonly isAllowed: () => boolean;
  /** It has ended, whoever ended it. */
  readonly onEnd: () => void;
}

interface Waiting {
  readonly isTransaction: string | undefined;
  end(answer: AppserviceAnswer): void;
}

/** An open websocket. */
export class WebsocketConnection {
  readonly #socket: WebSocket;
  readonly #parts: ConnectionParts;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #heard = true;
  #keepalive: Timer;
  #ended = false;

  constructor(socket: WebSocket, parts: ConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#keepalive = parts.clock.setTimer(keepaliveMs, () => this.#askWhetherAlive());
    socket.on('message', (data: RawData, isBinary: boolean) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#heard = true;
    });
    socket.on('error', () => socket.terminate()); // too large a message, or no websocket at all
    socket.on('close', () => this.#end());
    this.#send(plainMessage('connect', undefined, { status: 'connected' }));
  }

  /** Puts a call through, and waits for its answer. Never throws for what the application service does. */
  call(request: AppserviceRequest, token: string): Promise<AppserviceAnswer> {
    if (this.#ended || this.#waiting.size >= waitingMax)
      return Promise.resolve(this.#ended ? ended : { ...ended, message: 'too many calls wait for an answer' });
    const { method, path, body, timeoutMs, signal } = request;
    const id = (this.#lastId += 1);
    const txnId = method === 'PUT' ? transactionPath.exec(path)?.[1] : undefined;
    return new Promise((resolve) => {
      const giveUp = () => waiting.end({ outcome: 'failed', reason: 'connection', message: 'the call was given up' });
      const timer = this.#parts.clock.setTimer(timeoutMs, () => {
        waiting.end({ outcome: 'failed', reason: 'timeout', message: 'no answer came over the websocket' });
        if (txnId !== undefined) void this.close('notAcknowledged');
      });
      const waiting: Waiting = {
        isTransaction: txnId,
        end: (answer) => {
          if (!this.#waiting.delete(id)) return;
          timer.cancel();
          signal?.removeEventListener('abort', giveUp);
          resolve(answer);
        },
      };
      this.#waiting.set(id, waiting);
      signal?.addEventListener('abort', giveUp);
      if (signal?.aborted === true) return giveUp();
      this.#send(
        txnId !== undefined && body !== undefined
          ? transactionMessage(id, txnId, body)
          : proxyMessage(id, { method, path, token, ...(body === undefined ? {} : { body }) }),
      );
    });
  }

  /** Closes it, and resolves once it is closed. */
  close(why: Closing): Promise<void> {
    if (this.#ended) return Promise.resolve();
    const { code, status } = closings[why];
    return new Promise((resolve) => {
      const impatient = this.#parts.clock.setTimer(closeWithinMs, () => this.#socket.terminate());
      this.#socket.once('close', () => {
        impatient.cancel();
        resolve();
      });
      this.#socket.close(code, JSON.stringify({ command: 'disconnect', status }));
      this.#end();
    });
  }

  #send(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > unsentBytesMax) this.#socket.terminate();
    else this.#socket.send(text);
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#heard = true;
    if (isBinary || this.#ended) return;
    const message = readMessage((data as Buffer).toString('utf8'));
    if (message === undefined) void this.close('noMessage');
    else if (message.command === 'response' || message.command === 'error') this.#answered(message);
    else this.#asked(message);
  }

  #answered({ command, id, data }: IncomingMessage): void {
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (waiting === undefined) return;
    if (waiting.isTransaction === undefined) {
      const answer = command === 'response' ? proxiedAnswer(data) : undefined;
      waiting.end(answer === undefined ? notPassedOn : { outcome: 'answered', ...answer });
      return;
    }
    // An acknowledgement that names another transaction acknowledges nothing.
    const txnId = (data as JsonObject | null | undefined)?.['txn_id'];
    if (command === 'response' && typeof txnId === 'string' && txnId !== waiting.isTransaction) return;
    const body = Buffer.alloc(0);
    if (command === 'response') waiting.end({ outcome: 'answered', status: 200, body });
    else waiting.end({ outcome: 'answered', status: 500, body, ...(data === undefined ? {} : { said: data }) });
  }

  #asked({ command, id, data }: IncomingMessage): void {
    if (command === 'ping') {
      this.#send(plainMessage('response', id, { timestamp: this.#parts.clock.now() }));
      return;
    }
    if (id === undefined) {
      // How the bridge and its messages are doing: told to whoever runs such a thing, which we do not.
      this.#parts.log.debug({ appservice: this.#parts.appserviceId, command }, 'told over the websocket');
      return;
    }
    const known = command === 'bridge_status' || command === 'message_checkpoint';
    if (known && data !== undefined) this.#send(plainMessage('response', id, {}));
    else this.#send(plainMessage('error', id, { code: 'M_UNRECOGNIZED', message: 'This command is not known here.' }));
  }

  /** Closes it where the token has been revoked since. */
  checkAllowed(): void {
    if (!this.#parts.isAllowed()) void this.close('revoked');
  }

  #askWhetherAlive(): void {
    this.checkAllowed(); // a replaced token lives for a while, and nobody tells when it ends
    if (this.#ended) return;
    if (!this.#heard) {
      this.#socket.terminate();
      return;
    }
    this.#heard = false;
    this.#socket.ping();
    this.#keepalive = this.#parts.clock.setTimer(keepaliveMs, () => this.#askWhetherAlive());
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#keepalive.cancel();
    for (const waiting of this.#waiting.values()) waiting.end(ended);
    this.#parts.onEnd();
  }
}

const ended: AppserviceAnswer = { outcome: 'failed', reason: 'connection', message: 'the websocket has been closed' };
const notPassedOn: AppserviceAnswer = {
  outcome: 'failed',
  reason: 'connection',
  message: 'it passes no calls on over the websocket',
};
