// One socket's life on an IRC server: handshake, keep-alive, flood control, delivery proofs, until it closes. connection.ts
// opens one link after another; nothing here knows of reconnecting.
//
//   socket ─> read-lines ─> parse-line ─> PING, CAP, registration, proofs answered here ─> all other lines to the owner

import type { Clock } from '../platform/clock.ts';
import { endingOf, type Ending } from './backoff.ts';
import { CapabilityNegotiation } from './capabilities.ts';
import { fold } from './casemapping.ts';
import { Deliveries, type Delivery } from './deliveries.ts';
import { formatLine, LineRefused, type OutLine } from './format-line.ts';
import { type Isupport, ISUPPORT_DEFAULTS, withIsupport } from './isupport.ts';
import { NUMERIC } from './numerics.ts';
import type { IrcSocket, OpenSocket, ServerAddress } from './open-socket.ts';
import { type IrcLine, parseLine, TAG_BYTES_MAX } from './parse-line.ts';
import { readLines } from './read-lines.ts';
import { type Identity, Registration } from './registration.ts';
import { type FloodLimits, SendQueue, type Sent } from './send-queue.ts';

/** From dialling to 001; services and ident look-ups may be slow. */
const REGISTRATION_TIMEOUT_MS = 60_000;
/** A server that sends no MOTD is ready this long after 001. */
const MOTD_TIMEOUT_MS = 5_000;
/** Silence after which we ask, and how long the answer may take: a dead line is noticed within a minute. */
export const PING_AFTER_MS = 40_000;
export const PING_TIMEOUT_MS = 20_000;
/** A PING's token comes back in our PONG, which must fit a line. */
const PING_TOKEN_BYTES_MAX = 400;
/** Bytes of a received line without tags: more than the standard's, because bouncers add to lines. */
const INBOUND_LINE_BYTES_MAX = 4096;

/** Why a link ended. */
export interface LinkEnd {
  why: string;
  ending: Ending;
  /** The credentials were refused: trying again is of no use. */
  permanent: boolean;
}

/** What a link tells its owner. */
export interface LinkEvents {
  /** 001 and the network's features have come. */
  ready(): void;
  nick(was: string, now: string): void;
  line(line: IrcLine): void;
  /** A line that was not understood: too long or not IRC. */
  ignored(why: string): void;
  /** Exactly once. */
  ended(end: LinkEnd): void;
}

/** What a link is made of. */
export interface LinkOptions {
  server: ServerAddress;
  identity: Identity;
  capabilities: readonly string[];
  flood: FloodLimits;
  clock: Clock;
  openSocket: OpenSocket;
}

/** One connection to one server. */
export class Link {
  readonly #options: LinkOptions;
  readonly #events: LinkEvents;
  readonly #socket: IrcSocket;
  readonly #queue: SendQueue;
  readonly #capabilities: CapabilityNegotiation;
  readonly #registration: Registration;
  readonly #deliveries: Deliveries;
  readonly #timers = new Map<'registration' | 'motd' | 'ping', () => void>();
  #phase: 'registering' | 'registered' | 'ready' | 'ended' = 'registering';
  #end: LinkEnd | null = null;
  #isupport = ISUPPORT_DEFAULTS;
  #nick: string;
  #userHost: string | null = null;

  constructor(options: LinkOptions, events: LinkEvents) {
    this.#options = options;
    this.#events = events;
    this.#nick = options.identity.nick;
    const wanted = options.identity.sasl === undefined ? options.capabilities : [...options.capabilities, 'sasl'];
    this.#capabilities = new CapabilityNegotiation(wanted);
    this.#registration = new Registration(options.identity, this.#capabilities);
    this.#deliveries = new Deliveries(options.clock);
    const reader = readLines(TAG_BYTES_MAX + INBOUND_LINE_BYTES_MAX);
    this.#socket = options.openSocket(options.server, {
      connected: () => this.#guarded(() => this.#sendUrgently(this.#registration.start())),
      data: (chunk) => {
        for (const text of reader.push(chunk)) this.#receive(text);
      },
      closed: (why) => this.#closed(why),
    });
    this.#queue = new SendQueue(options.clock, options.flood, (line, flushed) => this.#socket.write(line, flushed));
    this.#startTimer('registration', REGISTRATION_TIMEOUT_MS, () =>
      this.#abandon('the server did not let us in in time'),
    );
  }

  get nick(): string {
    return this.#nick;
  }
  get isupport(): Isupport {
    return this.#isupport;
  }
  get enabled(): ReadonlySet<string> {
    return this.#capabilities.enabled;
  }
  get queueLength(): number {
    return this.#queue.length;
  }

  /** Bytes that the server puts before our lines when it passes them on: `:nick!user@host `. */
  get prefixBytes(): number {
    // Unknown until the first JOIN: then as much as the usual limits allow (USERLEN 10, HOSTLEN 63).
    return Buffer.byteLength(this.#nick) + (this.#userHost === null ? 74 : Buffer.byteLength(this.#userHost)) + 3;
  }

  /** Queues one line; null when the queue is full. @throws {LineRefused} */
  send(line: OutLine): Promise<Sent> | null {
    return this.#queue.offer(formatLine(line, { lineBytes: this.#isupport.lineBytes }), costOf(line));
  }

  /** Queues lines whose arrival is to be proved. @throws {LineRefused} before anything is sent */
  deliver(lines: readonly OutLine[]): Promise<Delivery>[] {
    const limits = { lineBytes: this.#isupport.lineBytes };
    for (const line of lines) formatLine(line, limits);
    const { send, fence } = this.#deliveries.prepare(lines, this.enabled);
    for (const each of send) {
      const sent = this.#queue.offer(formatLine(each.line, limits), costOf(each.line));
      if (sent === null) each.given({ outcome: 'not-sent', why: 'queue-full' });
      else {
        void sent.then((done) => each.given(done === 'flushed' ? 'flushed' : { outcome: 'unsure', why: 'lost' }));
      }
    }
    if (fence !== null) void this.#queue.offer(formatLine(fence));
    return send.map((each) => each.proof);
  }

  /** Says QUIT and closes; `ended` follows. */
  quit(reason: string): void {
    if (this.#phase === 'ended') return;
    this.#end ??= { why: 'we quit', ending: 'failed', permanent: false };
    this.#sendUrgently([{ command: 'QUIT', params: [reason] }]);
    this.#socket.end();
  }

  /** Closes without a word. */
  abandon(why: string): void {
    this.#abandon(why);
  }

  pause(): void {
    this.#socket.pause();
  }
  resume(): void {
    this.#socket.resume();
  }

  #receive(text: string | null): void {
    if (this.#phase === 'ended') return;
    this.#keepAlive();
    if (text === '') return;
    const line = text === null ? null : parseLine(text, INBOUND_LINE_BYTES_MAX);
    if (line === null) return this.#events.ignored(text === null ? 'a line was too long' : 'a line was not IRC');
    if (line.command === 'PING') return this.#pong(line.params.at(-1) ?? '');
    if (line.command === 'ERROR') return this.#noteError(line.params.at(-1) ?? 'the server sent ERROR');
    if (this.#phase === 'registering') this.#guarded(() => this.#register(line));
    else this.#serve(line);
  }

  #pong(token: string): void {
    if (Buffer.byteLength(token) > PING_TOKEN_BYTES_MAX) return this.#events.ignored('a PING was too long to answer');
    this.#sendUrgently([{ command: 'PONG', params: [token] }]);
  }

  /** A password or name that cannot be put on the wire ends the link for good: no network will ever take it. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      if (!(error instanceof LineRefused)) throw error;
      this.#end ??= { why: `this login cannot be said on IRC: ${error.message}`, ending: 'failed', permanent: true };
      this.#abandon('refused');
    }
  }

  #register(line: IrcLine): void {
    const step = this.#registration.receive(line);
    if (step.state === 'refused') {
      const end = { why: step.why, ending: endingOf(step.why), permanent: step.permanent };
      this.#end ??= end;
      this.#sendUrgently([{ command: 'QUIT', params: ['registration failed'] }]);
      this.#socket.destroy();
      return;
    }
    if (step.state === 'going-on') return this.#sendUrgently(step.send);
    this.#nick = step.nick;
    this.#phase = 'registered';
    this.#stopTimer('registration');
    this.#startTimer('motd', MOTD_TIMEOUT_MS, () => this.#becomeReady());
    this.#keepAlive();
  }

  #serve(line: IrcLine): void {
    if (this.#deliveries.receive(line, this.#nick, this.#isupport.casemapping)) return;
    switch (line.command) {
      case 'CAP':
        return this.#sendUrgently(this.#capabilities.receive(line));
      case 'PONG':
      case 'AUTHENTICATE':
        return;
      case NUMERIC.RPL_ISUPPORT:
        this.#isupport = withIsupport(this.#isupport, line.params);
        return;
      case NUMERIC.RPL_ENDOFMOTD:
      case NUMERIC.ERR_NOMOTD:
        return this.#becomeReady();
      case NUMERIC.RPL_VISIBLEHOST:
        this.#noteVisibleHost(line.params[1] ?? '');
        break;
      default:
        this.#noteOurselves(line);
    }
    this.#events.line(line);
  }

  #noteOurselves(line: IrcLine): void {
    if (line.source === null || !this.#isUs(line.source.name)) return;
    const { user, host } = line.source;
    if (user !== undefined && host !== undefined) this.#userHost = `${user}@${host}`;
    if (line.command === 'CHGHOST') this.#userHost = `${line.params[0] ?? ''}@${line.params[1] ?? ''}`;
    if (line.command === 'NICK') {
      const was = this.#nick;
      this.#nick = line.params[0] ?? was;
      this.#events.nick(was, this.#nick);
    }
  }

  #noteVisibleHost(host: string): void {
    const user = this.#userHost?.split('@')[0];
    if (host.includes('@')) this.#userHost = host;
    else if (user !== undefined) this.#userHost = `${user}@${host}`;
  }

  #isUs(nick: string): boolean {
    return fold(nick, this.#isupport.casemapping) === fold(this.#nick, this.#isupport.casemapping);
  }

  #becomeReady(): void {
    if (this.#phase !== 'registered') return;
    this.#phase = 'ready';
    this.#stopTimer('motd');
    this.#events.ready();
  }

  #keepAlive(): void {
    if (this.#phase === 'registering' || this.#phase === 'ended') return;
    this.#startTimer('ping', PING_AFTER_MS, () => {
      this.#sendUrgently([{ command: 'PING', params: ['pons-alive'] }]);
      this.#startTimer('ping', PING_TIMEOUT_MS, () => this.#abandon('the server stopped answering'));
    });
  }

  #noteError(text: string): void {
    this.#end ??= { why: text, ending: endingOf(text), permanent: false };
  }

  #abandon(why: string): void {
    if (this.#phase === 'ended') return;
    this.#end ??= { why, ending: 'failed', permanent: false };
    this.#socket.destroy();
    // A destroyed socket reports its end late; the owner need not wait for it.
    this.#closed(why);
  }

  #closed(why: string): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#queue.close();
    this.#deliveries.close();
    this.#events.ended(this.#end ?? { why, ending: 'failed', permanent: false });
  }

  #sendUrgently(lines: readonly OutLine[]): void {
    for (const line of lines) void this.#queue.urgent(formatLine(line, { lineBytes: this.#isupport.lineBytes }));
  }

  #startTimer(name: 'registration' | 'motd' | 'ping', delayMs: number, run: () => void): void {
    this.#stopTimer(name);
    this.#timers.set(name, this.#options.clock.after(delayMs, run));
  }

  #stopTimer(name: 'registration' | 'motd' | 'ping'): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }
}

/** Servers count what is work for them more than once: InspIRCd twice for these. */
function costOf(line: OutLine): number {
  return line.command === 'JOIN' || line.command === 'NICK' ? 2 : 1;
}
