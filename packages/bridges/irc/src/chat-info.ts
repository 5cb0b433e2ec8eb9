// Who is in which channel, with what rank, and the channel's topic, as the listener hears it. Answers what the kit asks about a chat,
// and tells from-irc.ts in which rooms somebody was who quits or changes the nick.

import type { ChatInfo, UserId } from '@pons/appservice-sdk/bridge';
import { fold } from './protocol/casemapping.ts';
import { ISUPPORT_DEFAULTS, type Isupport } from './protocol/isupport.ts';

/** Members that are kept of one channel; larger ones are told as partial. */
const MEMBERS_MAX = 20_000;

/** A channel that the listener is in. */
export interface Channel {
  /** The name as the network spells it. */
  name: string;
  topic: string | null;
  /** Nick and rank modes by folded nick. */
  members: Map<UserId, { nick: string; ranks: Set<string> }>;
  /** Names that come in before the end of the list. */
  incoming: Map<UserId, { nick: string; ranks: Set<string> }> | null;
}

/** What power an IRC rank has in the room. */
const POWER: Readonly<Record<string, number>> = { q: 50, a: 50, o: 50, h: 25, v: 1 };

/** The channels of one network. */
export class ChannelBook {
  readonly #channels = new Map<string, Channel>();
  features: Isupport = ISUPPORT_DEFAULTS;

  /** Forgets everything: the connection that knew it is gone. */
  clear(): void {
    this.#channels.clear();
  }

  channel(name: string): Channel | undefined {
    return this.#channels.get(this.#fold(name));
  }

  open(name: string): Channel {
    const channel: Channel = { name, topic: null, members: new Map(), incoming: null };
    this.#channels.set(this.#fold(name), channel);
    return channel;
  }

  close(name: string): void {
    this.#channels.delete(this.#fold(name));
  }

  /** The spelling of a nick that is in one of the channels. */
  nickOf(user: UserId): string | undefined {
    for (const channel of this.#channels.values()) {
      const member = channel.members.get(user);
      if (member !== undefined) return member.nick;
    }
    return undefined;
  }

  add(channel: Channel, nick: string, ranks: Iterable<string> = []): void {
    if (channel.members.size < MEMBERS_MAX) channel.members.set(this.#fold(nick), { nick, ranks: new Set(ranks) });
  }

  remove(channel: Channel, nick: string): void {
    channel.members.delete(this.#fold(nick));
  }

  /** The channels that somebody is in. */
  channelsOf(nick: string): Channel[] {
    const user = this.#fold(nick);
    return [...this.#channels.values()].filter((channel) => channel.members.has(user));
  }

  rename(channel: Channel, was: string, now: string): void {
    const member = channel.members.get(this.#fold(was));
    if (member === undefined) return;
    channel.members.delete(this.#fold(was));
    channel.members.set(this.#fold(now), { ...member, nick: now });
  }

  /** Takes one line of NAMES: signs, nick, and `!user@host` where the network gives it. */
  names(channel: Channel, list: string): void {
    channel.incoming ??= new Map();
    for (const entry of list.split(' ')) {
      let at = 0;
      const ranks = new Set<string>();
      for (const { mode, sign } of this.#inOrder(entry)) {
        if (entry[at] !== sign) break;
        ranks.add(mode);
        at += 1;
      }
      const nick = entry.slice(at).split('!')[0] ?? '';
      if (nick !== '' && channel.incoming.size < MEMBERS_MAX) channel.incoming.set(this.#fold(nick), { nick, ranks });
    }
  }

  /** The list of NAMES is complete. */
  endOfNames(channel: Channel): void {
    if (channel.incoming !== null) channel.members = channel.incoming;
    channel.incoming = null;
  }

  /** The power of a member's highest rank. */
  powerOf(channel: Channel, user: UserId): number {
    return Math.max(0, ...[...(channel.members.get(user)?.ranks ?? [])].map((rank) => POWER[rank] ?? 0));
  }

  /**
   * What the kit wants to know of a channel.
   *
   * @param ours whether a member is one of the bridge's own connections, which is a Matrix user already
   */
  info(channel: Channel, ours: (user: UserId) => boolean): Partial<ChatInfo> {
    const list: ChatInfo['members']['list'] = {};
    for (const [user, member] of channel.members) {
      if (!ours(user)) list[user] = { power: this.powerOf(channel, user), nick: member.nick };
    }
    return {
      kind: 'channel',
      name: channel.name,
      topic: channel.topic,
      members: { list, partial: channel.members.size >= MEMBERS_MAX, total: channel.members.size },
    };
  }

  #fold(name: string): string {
    return fold(name, this.features.casemapping);
  }

  /** The ranks in the order in which their signs stand before this entry: multi-prefix sends all, others the highest. */
  #inOrder(entry: string): { mode: string; sign: string }[] {
    return this.features.prefixes.filter(({ sign }) => entry.slice(0, this.features.prefixes.length).includes(sign));
  }
}
