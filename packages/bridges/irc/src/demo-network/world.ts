// What the demo network knows: who is on it and which channels there are. Plain data with look-ups by folded name; the commands
// change it. One server, no links, nothing kept over a restart.

import type { Clock } from '../platform/clock.ts';
import { fold } from '../protocol/casemapping.ts';
import { sanitiseNick } from '../protocol/nick.ts';
import type { DemoClient } from './client.ts';

export const NICK_LENGTH_MAX = 30;
export const CHANNEL_LENGTH_MAX = 64;
export const TOPIC_LENGTH_MAX = 390;
export const AWAY_LENGTH_MAX = 200;
/** Channels one client may be in, and channels in all. */
export const CHANNELS_PER_CLIENT_MAX = 100;
export const CHANNELS_MAX = 1000;
/** Messages whose sender is remembered, so that they can be redacted. */
const MESSAGES_MAX = 1000;

/** A channel, its members with their ranks in modes (`o`, `v`). */
export interface DemoChannel {
  name: string;
  createdAt: number;
  members: Map<DemoClient, Set<string>>;
  topic: { text: string; by: string; at: number } | null;
  modes: Set<string>;
  key: string | null;
  limit: number | null;
  invited: Set<DemoClient>;
}

/** The state of one demo network. */
export class World {
  readonly networkName: string;
  readonly serverName: string;
  readonly clock: Clock;
  readonly startedAt: number;
  readonly capabilities: ReadonlyMap<string, string>;
  readonly accounts: Readonly<Record<string, string>>;
  readonly password: string | null;
  readonly nickLength: number;
  readonly motd: readonly string[];
  readonly clients = new Set<DemoClient>();
  readonly channels = new Map<string, DemoChannel>();
  readonly #nicks = new Map<string, DemoClient>();
  readonly #messages = new Map<string, { by: DemoClient; target: string }>();
  #messageCount = 0;

  constructor(options: {
    name: string;
    clock: Clock;
    capabilities: ReadonlyMap<string, string>;
    accounts: Readonly<Record<string, string>>;
    password: string | null;
    nickLength: number;
    motd: readonly string[];
  }) {
    this.networkName = options.name;
    this.serverName = `irc.${sanitiseNick(options.name.toLowerCase(), 40).replace(/[^a-z0-9-]/g, '') || 'demo'}`;
    this.clock = options.clock;
    this.startedAt = options.clock.now();
    this.capabilities = options.capabilities;
    this.accounts = options.accounts;
    this.password = options.password;
    this.nickLength = options.nickLength;
    this.motd = options.motd;
  }

  fold(name: string): string {
    return fold(name, 'rfc1459');
  }

  byNick(nick: string): DemoClient | undefined {
    return this.#nicks.get(this.fold(nick));
  }

  claimNick(client: DemoClient, nick: string): void {
    this.releaseNick(client);
    this.#nicks.set(this.fold(nick), client);
    client.nick = nick;
  }

  releaseNick(client: DemoClient): void {
    if (client.nick !== null && this.byNick(client.nick) === client) this.#nicks.delete(this.fold(client.nick));
  }

  channel(name: string): DemoChannel | undefined {
    return this.channels.get(this.fold(name));
  }

  channelsOf(client: DemoClient): DemoChannel[] {
    return [...this.channels.values()].filter((channel) => channel.members.has(client));
  }

  /** The clients that share a channel with this one, once each, without it. */
  neighbours(client: DemoClient): Set<DemoClient> {
    const all = new Set<DemoClient>();
    for (const channel of this.channelsOf(client)) for (const member of channel.members.keys()) all.add(member);
    all.delete(client);
    return all;
  }

  leave(channel: DemoChannel, client: DemoClient): void {
    channel.members.delete(client);
    if (channel.members.size === 0) this.channels.delete(this.fold(channel.name));
  }

  /** A message id that no other message of this or an earlier run has. */
  newMessage(by: DemoClient, target: string): string {
    const id = `${this.startedAt.toString(36)}-${(++this.#messageCount).toString(36)}`;
    this.#messages.set(id, { by, target: this.fold(target) });
    const oldest = this.#messages.keys().next();
    if (this.#messages.size > MESSAGES_MAX && !oldest.done) this.#messages.delete(oldest.value);
    return id;
  }

  message(id: string): { by: DemoClient; target: string } | undefined {
    return this.#messages.get(id);
  }
}
