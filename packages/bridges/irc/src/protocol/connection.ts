// Our IRC client: one identity kept on one network, over as many links as that takes. It reconnects with backoff and jitter,
// tries the network's servers in turn, and takes its wished nick back when that becomes free. What it hears goes out as plain
// typed events; what it sends goes through format-line.ts. session.ts builds a bridge's login on it, the Try it page its client.

import type { Clock, Random } from '../platform/clock.ts';
import { backoffMs, type Ending } from './backoff.ts';
import { WANTED_CAPABILITIES } from './capabilities.ts';
import { fold } from './casemapping.ts';
import type { Delivery } from './deliveries.ts';
import type { OutLine } from './format-line.ts';
import { type Isupport, ISUPPORT_DEFAULTS } from './isupport.ts';
import { Link, type LinkEnd } from './link.ts';
import { openSocket, type OpenSocket, type ServerAddress } from './open-socket.ts';
import type { IrcLine } from './parse-line.ts';
import type { Identity } from './registration.ts';
import type { FloodLimits } from './send-queue.ts';

/** How often a lost nick is asked for. */
const REGAIN_NICK_MS = 60_000;
/** A connection that held this long was a good one: the next failure starts the backoff anew. */
const STABLE_AFTER_MS = 60_000;
/** How long a server may take to close after QUIT. */
const QUIT_TIMEOUT_MS = 5_000;

/** What happens on a connection. */
export type ConnectionEvent =
  | { type: 'connecting'; server: ServerAddress }
  /** Registered, features known: channels can be joined now. */
  | { type: 'ready'; nick: string }
  | { type: 'nick'; was: string; now: string }
  /** A line that is not the connection's own business; `at` is the server's time where it gives one, in ms since 1970. */
  | { type: 'line'; line: IrcLine; at: number }
  | { type: 'ignored'; why: string }
  /** The link ended; `retryInMs` is null when the connection gives up: the network refused our credentials. */
  | { type: 'down'; why: string; ending: Ending; retryInMs: number | null }
  /** After `quit`. */
  | { type: 'closed' };

/** What a connection is made of. */
export interface ConnectionOptions {
  servers: readonly [ServerAddress, ...ServerAddress[]];
  identity: Identity;
  flood: FloodLimits;
  clock: Clock;
  random: Random;
  on(event: ConnectionEvent): void;
  /** Capabilities to ask for; default all that we know. */
  capabilities?: readonly string[];
  openSocket?: OpenSocket;
}

/** One identity on one network. */
export class IrcConnection {
  readonly #options: ConnectionOptions;
  readonly #waiting = new Set<() => void>();
  #link: Link | null = null;
  #ready = false;
  #wantedNick: string;
  #lastNick: string;
  #failures = 0;
  #dialled = 0;
  #closing = false;
  #closed = false;
  #isupport = ISUPPORT_DEFAULTS;
  #cancelRetry: (() => void) | null = null;
  #cancelRegain: (() => void) | null = null;
  #cancelStable: (() => void) | null = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#wantedNick = options.identity.nick;
    this.#lastNick = options.identity.nick;
  }

  /** Whether lines can be sent now. */
  get ready(): boolean {
    return this.#ready;
  }
  /** Whether it has given up or been quit: nothing more will happen. */
  get closed(): boolean {
    return this.#closed;
  }
  /** Our nick; while not connected the last one. */
  get nick(): string {
    return this.#link?.nick ?? this.#lastNick;
  }
  /** The network's features, kept over reconnects. */
  get isupport(): Isupport {
    return this.#link?.isupport ?? this.#isupport;
  }
  /** Capabilities that both sides agreed to. */
  get enabled(): ReadonlySet<string> {
    return this.#link?.enabled ?? NOTHING;
  }
  /** Lines that wait for flood control. */
  get queueLength(): number {
    return this.#link?.queueLength ?? 0;
  }
  /** Bytes of text that fit into one message to that target. */
  textBytes(command: 'PRIVMSG' | 'NOTICE', target: string): number {
    const prefix = this.#link?.prefixBytes ?? 100;
    return this.isupport.lineBytes - 2 - prefix - Buffer.byteLength(`${command} ${target} :`);
  }

  /** Begins to connect. */
  start(): void {
    if (this.#link === null && !this.#closing && !this.#closed) this.#dial();
  }

  /** Resolves when lines can be sent; false when the signal was first or the connection gave up. */
  whenReady(signal: AbortSignal): Promise<boolean> {
    if (this.#ready) return Promise.resolve(true);
    if (this.#closed || signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#waiting.delete(settle);
        signal.removeEventListener('abort', settle);
        resolve(this.#ready);
      };
      this.#waiting.add(settle);
      signal.addEventListener('abort', settle);
    });
  }

  /** Sends one line; false when it was not taken: not connected, or the queue is full. @throws {LineRefused} */
  send(line: OutLine): boolean {
    if (!this.#ready || this.#link === null) return false;
    return this.#link.send(line) !== null;
  }

  /** Sends messages and tells of each whether it arrived. @throws {LineRefused} before anything is sent */
  async deliver(lines: readonly OutLine[]): Promise<Delivery[]> {
    if (!this.#ready || this.#link === null) return lines.map(() => ({ outcome: 'not-sent', why: 'down' }));
    return await Promise.all(this.#link.deliver(lines));
  }

  /** Asks for another nick, now and after each reconnect. */
  changeNick(nick: string): void {
    this.#wantedNick = nick;
    this.#askForNick();
  }

  /** Connects at once instead of when the backoff ends. */
  retryNow(): void {
    if (this.#cancelRetry === null) return;
    this.#cancelRetry();
    this.#dial();
  }

  /** Stops and resumes hearing; the network's own limits then hold the rest. */
  pause(): void {
    this.#link?.pause();
  }
  resume(): void {
    this.#link?.resume();
  }

  /** Leaves the network for good; resolves when the connection is closed. */
  async quit(reason: string): Promise<void> {
    if (this.#closed) return;
    this.#closing = true;
    this.#cancelRetry?.();
    const link = this.#link;
    if (link === null) return this.#close();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onClosed = resolve;
    const cancel = this.#options.clock.after(QUIT_TIMEOUT_MS, () => link.abandon('the server did not close'));
    link.quit(reason);
    await promise;
    cancel();
  }
  #onClosed: (() => void) | null = null;

  #dial(): void {
    this.#cancelRetry = null;
    const { servers, capabilities = WANTED_CAPABILITIES, flood, clock } = this.#options;
    const server = servers[this.#dialled++ % servers.length] ?? servers[0];
    this.#options.on({ type: 'connecting', server });
    this.#link = new Link(
      {
        server,
        identity: { ...this.#options.identity, nick: this.#wantedNick },
        capabilities,
        flood,
        clock,
        openSocket: this.#options.openSocket ?? openSocket,
      },
      {
        ready: () => this.#becomeReady(),
        nick: (was, now) => this.#options.on({ type: 'nick', was, now }),
        line: (line) => this.#hear(line),
        ignored: (why) => this.#options.on({ type: 'ignored', why }),
        ended: (end) => this.#ended(end),
      },
    );
  }

  #becomeReady(): void {
    this.#ready = true;
    // A wish longer than the network allows would be asked for for ever.
    this.#wantedNick = this.#wantedNick.slice(0, Math.max(this.isupport.nickLength, this.nick.length));
    this.#cancelStable = this.#options.clock.after(STABLE_AFTER_MS, () => {
      this.#failures = 0;
    });
    this.#keepAskingForNick();
    this.#options.on({ type: 'ready', nick: this.nick });
    this.#wakeWaiting();
  }

  #hear(line: IrcLine): void {
    const said = line.tags.get('time');
    const at = said === undefined ? Number.NaN : Date.parse(said);
    this.#options.on({ type: 'line', line, at: Number.isFinite(at) ? at : this.#options.clock.now() });
    // Whoever holds our nick leaves it: no need to wait for the next time we would ask.
    if ((line.command === 'QUIT' || line.command === 'NICK') && line.source !== null && this.#same(line.source.name)) {
      this.#askForNick();
    }
  }

  #same(nick: string): boolean {
    const { casemapping } = this.isupport;
    return fold(nick, casemapping) === fold(this.#wantedNick, casemapping);
  }

  #askForNick(): void {
    if (this.#ready && this.nick !== this.#wantedNick) this.send({ command: 'NICK', params: [this.#wantedNick] });
  }

  #keepAskingForNick(): void {
    this.#cancelRegain = this.#options.clock.after(REGAIN_NICK_MS, () => {
      if (!this.#same(this.nick)) this.#askForNick();
      this.#keepAskingForNick();
    });
  }

  #ended(end: LinkEnd): void {
    if (this.#link !== null) {
      this.#isupport = this.#link.isupport;
      this.#lastNick = this.#link.nick;
    }
    this.#link = null;
    this.#ready = false;
    this.#cancelRegain?.();
    this.#cancelStable?.();
    if (this.#closing) return this.#close();
    this.#failures += 1;
    if (end.permanent) {
      this.#options.on({ type: 'down', why: end.why, ending: end.ending, retryInMs: null });
      return this.#close();
    }
    const retryInMs = backoffMs(this.#failures, end.ending, this.#options.random);
    this.#cancelRetry = this.#options.clock.after(retryInMs, () => this.#dial());
    this.#options.on({ type: 'down', why: end.why, ending: end.ending, retryInMs });
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.on({ type: 'closed' });
    this.#wakeWaiting();
    this.#onClosed?.();
  }

  #wakeWaiting(): void {
    for (const settle of this.#waiting) settle();
  }
}

const NOTHING: ReadonlySet<string> = new Set();
