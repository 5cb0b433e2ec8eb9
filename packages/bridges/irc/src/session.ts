// One login's connection to the network, as the kit's verbs use it: open until the kit closes it, back in its channels after every
// reconnect, its events told in the order in which they came. What the lines mean is from-irc.ts's business, what is sent to-irc.ts's.

import type { Login, RemoteEvent, UserId } from '@pons/appservice-sdk/bridge';
import type { IrcConfig } from './config.ts';
import { hearChannels, hearPrivate } from './from-irc.ts';
import type { Hub } from './hub.ts';
import { channelIdOf, MessageIds } from './ids.ts';
import type { IrcAccount } from './login.ts';
import { Netsplits } from './netsplits.ts';
import type { Clock, Random } from './platform/clock.ts';
import { fold } from './protocol/casemapping.ts';
import { type ConnectionEvent, IrcConnection } from './protocol/connection.ts';
import type { Delivery } from './protocol/deliveries.ts';
import { LineRefused, type OutLine } from './protocol/format-line.ts';
import { ISUPPORT_DEFAULTS } from './protocol/isupport.ts';
import { NUMERIC } from './protocol/numerics.ts';
import type { OpenSocket } from './protocol/open-socket.ts';
import type { IrcLine } from './protocol/parse-line.ts';

/** Events that may wait for the store before we stop reading from the network. */
const EMITTING_MAX = 200;
/** A channel that threw us out or will not have us is tried again, later and later. */
const REJOIN_FIRST_MS = 10_000;
const REJOIN_MAX_MS = 600_000;
/** How long a new session waits for its channels. */
const JOINS_AWAITED_MS = 20_000;
/** Where a login keeps the channels it is in. */
const CHANNELS_KEY = 'channels';

/** The kit's login, typed for IRC. */
export type IrcLogin = Login<IrcAccount, IrcConfig>;

/** What a session is made of besides its login. */
export interface SessionParts {
  hub: Hub;
  clock: Clock;
  random: Random;
  openSocket?: OpenSocket;
}

/** The network cannot be reached, or will not have us; the text says why. */
export class NotConnected extends Error {
  override readonly name = 'NotConnected';
}

/** One login on the network. */
export class IrcSession {
  readonly login: IrcLogin;
  readonly hub: Hub;
  readonly clock: Clock;
  readonly connection: IrcConnection;
  /** Ids of the lines that are out, of messages whose sending was interrupted; by the kit's key. */
  readonly progress = new Map<string, string[]>();
  /** Folded nicks that we have said something to in private. */
  readonly talkedTo = new Set<UserId>();
  /** When we last said that somebody types, by target. */
  readonly typedAt = new Map<string, number>();
  readonly #ids = new MessageIds();
  readonly #splits: Netsplits;
  /** Channels that we are in, by folded name. */
  readonly #joined = new Set<string>();
  readonly #joining = new Map<string, Promise<Delivery>>();
  readonly #rejoins = new Map<string, { delayMs: number; cancel: () => void }>();
  #emitting: Promise<void> = Promise.resolve();
  #waiting = 0;
  #lastWhy = 'the network does not answer';

  constructor(login: IrcLogin, parts: SessionParts) {
    const { cfg, cred } = login;
    this.login = login;
    this.hub = parts.hub;
    this.clock = parts.clock;
    this.#splits = new Netsplits(parts.clock, (event) => this.tell(event));
    this.connection = new IrcConnection({
      servers: cfg.network.servers,
      identity: {
        nick: cred.nick,
        user: cred.username,
        realname: cred.realname,
        ...(cfg.network.password === undefined ? {} : { password: cfg.network.password }),
        ...(cred.sasl === undefined ? {} : { sasl: cred.sasl }),
      },
      flood: cfg.flood,
      clock: parts.clock,
      random: parts.random,
      on: (event) => this.#onEvent(event),
      ...(parts.openSocket === undefined ? {} : { openSocket: parts.openSocket }),
    });
  }

  /** Connects; resolves when messages can be sent and the first channels are joined. @throws {NotConnected} */
  async open(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => void this.close(), { once: true });
    const wait = this.hub.retryAt - this.clock.now();
    if (wait > 0) throw new NotConnected(`the network asked us to stay away for ${Math.ceil(wait / 1000)} s`);
    this.connection.start();
    do {
      if (!(await this.connection.whenReady(signal))) throw new NotConnected(this.#lastWhy);
      await this.#withinTime(this.#joinAll());
      // A connection that broke while it joined has joined nothing.
    } while (!this.connection.ready);
  }

  /** Says QUIT and is gone. */
  async close(): Promise<void> {
    for (const { cancel } of this.#rejoins.values()) cancel();
    this.#rejoins.clear();
    this.#splits.close();
    await this.connection.quit('the bridge closes this connection');
  }

  /** Whether we are in the channel now. */
  isIn(channel: string): boolean {
    return this.#joined.has(this.#fold(channel));
  }

  /** Joins a channel if we are not in it; several at once are one. */
  join(channel: string): Promise<Delivery> {
    const key = this.#fold(channel);
    if (this.#joined.has(key)) return Promise.resolve({ outcome: 'arrived', proof: 'echo' });
    let joining = this.#joining.get(key);
    if (joining === undefined) {
      const password = this.login.cfg.channels.find(({ name }) => this.#fold(name) === key)?.key;
      const params = password === undefined ? [channel] : [channel, password];
      joining = this.connection
        .deliver([{ command: 'JOIN', params }])
        .then(([delivery]) => delivery ?? { outcome: 'not-sent' as const, why: 'down' as const })
        .catch((error: unknown): Delivery => {
          if (error instanceof LineRefused)
            return { outcome: 'refused', code: NUMERIC.ERR_NOSUCHCHANNEL, text: error.message };
          throw error;
        })
        .finally(() => this.#joining.delete(key));
      this.#joining.set(key, joining);
    }
    return joining;
  }

  /** Leaves a channel, and does not come back by itself. */
  async leave(channel: string): Promise<void> {
    if (this.isIn(channel)) await this.connection.deliver([{ command: 'PART', params: [channel] }]);
    this.#joined.delete(this.#fold(channel));
    await this.#saveChannels();
  }

  /** Tells the kit something, after everything told before. */
  tell(event: RemoteEvent): void {
    this.#waiting += 1;
    if (this.#waiting === EMITTING_MAX) this.connection.pause();
    this.#emitting = this.#emitting
      .then(() => this.login.emit(event))
      .catch((error: unknown) =>
        this.login.log.error('an IRC event was not kept', { type: event.t, error: String(error) }),
      )
      .then(() => {
        this.#waiting -= 1;
        if (this.#waiting === EMITTING_MAX - 1) this.connection.resume();
      });
  }

  #onEvent(event: ConnectionEvent): void {
    switch (event.type) {
      case 'connecting':
        return this.login.status('connecting');
      case 'ready':
        return this.#onReady(event.nick);
      case 'nick':
        this.hub.own.release(event.was, this.login.id);
        this.hub.own.hold(event.now, this.login.id, this.login.self);
        return;
      case 'line':
        return this.#onLine(event.line, event.at);
      case 'ignored':
        return this.login.log.warn('a line from the IRC network was ignored', { login: this.login.id, why: event.why });
      case 'down':
        return this.#onDown(event);
      case 'closed':
        this.hub.own.release(this.connection.nick, this.login.id);
    }
  }

  #onReady(nick: string): void {
    if (this.login.relay) {
      this.hub.learn(this.connection.isupport);
      this.#checkFolding();
    }
    this.hub.own.hold(nick, this.login.id, this.login.self);
    const other = nick === this.login.cred.nick ? undefined : `the nick is ${nick}`;
    this.login.status('connected', other);
    // After a reconnect nobody waits in open(): the channels are joined all the same.
    this.#joinAll().catch((error: unknown) =>
      this.login.log.error('channels were not joined', { login: this.login.id, error: String(error) }),
    );
  }

  /** Flood control makes many channels slow: the first are enough to begin with, the others follow. */
  async #withinTime(joining: Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.clock.after(JOINS_AWAITED_MS, resolve);
    await Promise.race([joining, promise]);
    cancel();
  }

  /** The configured rooms were mapped before the network said how names fold here. */
  #checkFolding(): void {
    for (const { name } of this.login.cfg.channels) {
      if (channelIdOf(name, ISUPPORT_DEFAULTS) === channelIdOf(name, this.connection.isupport)) continue;
      this.login.log.warn('this network folds the name of a channel differently: its configured room is not used', {
        channel: name,
      });
    }
  }

  async #joinAll(): Promise<void> {
    const channels = this.login.relay ? this.login.cfg.channels.map(({ name }) => name) : await this.#savedChannels();
    await Promise.all(
      channels.map(async (channel) => {
        const delivery = await this.join(channel);
        if (delivery.outcome === 'arrived') return;
        const why = delivery.outcome === 'refused' ? delivery.text : delivery.why;
        this.login.log.warn('a channel cannot be joined', { login: this.login.id, channel, why });
        if (delivery.outcome === 'refused' && this.login.relay) this.#rejoinLater(channel);
      }),
    );
  }

  #rejoinLater(channel: string): void {
    const key = this.#fold(channel);
    const before = this.#rejoins.get(key);
    before?.cancel();
    const delayMs = Math.min(REJOIN_MAX_MS, (before?.delayMs ?? REJOIN_FIRST_MS / 2) * 2);
    const cancel = this.clock.after(delayMs, () => {
      if (!this.connection.ready) return;
      void this.join(channel).then((delivery) => {
        if (delivery.outcome === 'refused') this.#rejoinLater(channel);
      });
    });
    this.#rejoins.set(key, { delayMs, cancel });
  }

  #onDown(event: Extract<ConnectionEvent, { type: 'down' }>): void {
    const { why, retryInMs } = event;
    this.#lastWhy = why;
    this.hub.own.release(this.connection.nick, this.login.id);
    this.#joined.clear();
    // A network that is met too often wants fewer connections, whosever they are; a ban may be one person's.
    if (event.ending === 'throttled') this.hub.retryAt = this.clock.now() + (retryInMs ?? 0);
    this.login.status(retryInMs === null ? 'logged-out' : 'unstable', why);
  }

  #onLine(line: IrcLine, at: number): void {
    this.#followOwnChannels(line);
    const ears = {
      login: this.login.id,
      hub: this.hub,
      features: this.connection.isupport,
      nick: this.connection.nick,
      ids: this.#ids,
      splits: this.#splits,
      talksWith: (user: UserId) => this.talkedTo.has(user),
      send: (answer: OutLine) => this.#answer(answer),
    };
    const events = this.login.relay ? hearChannels(line, at, ears) : hearPrivate(line, at, ears);
    for (const event of events) this.tell(event);
  }

  /** An answer to a stranger's request: one that cannot be said, because of how the stranger is called, is not worth an error. */
  #answer(line: OutLine): boolean {
    try {
      return this.connection.send(line);
    } catch (error) {
      if (error instanceof LineRefused) return false;
      throw error;
    }
  }

  #followOwnChannels(line: IrcLine): void {
    const channel = line.params[0] ?? '';
    const who = line.command === 'KICK' ? (line.params[1] ?? '') : (line.source?.name ?? '');
    if (this.#fold(who) !== this.#fold(this.connection.nick)) return;
    if (line.command === 'JOIN') {
      this.#joined.add(this.#fold(channel));
      this.#rejoins.get(this.#fold(channel))?.cancel();
      this.#rejoins.delete(this.#fold(channel));
      void this.#saveChannels();
    } else if (line.command === 'PART' || line.command === 'KICK') {
      this.#joined.delete(this.#fold(channel));
      if (this.login.relay) this.#rejoinLater(channel);
      else void this.#saveChannels();
    }
  }

  async #savedChannels(): Promise<string[]> {
    const kept = await this.login.kv.get(CHANNELS_KEY);
    const list: unknown = kept === undefined ? [] : JSON.parse(Buffer.from(kept).toString('utf8'));
    return Array.isArray(list) ? list.filter((each) => typeof each === 'string') : [];
  }

  async #saveChannels(): Promise<void> {
    if (this.login.relay || !this.connection.ready) return;
    try {
      await this.login.kv.set(CHANNELS_KEY, Buffer.from(JSON.stringify([...this.#joined])));
    } catch (error) {
      // Forgotten channels are joined again with the next message.
      this.login.log.debug('channels were not kept', { login: this.login.id, error: String(error) });
    }
  }

  #fold(name: string): string {
    return fold(name, this.connection.isupport.casemapping);
  }
}
