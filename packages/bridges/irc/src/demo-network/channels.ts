// Channels of the demo network: coming and going, topic, names, modes, kicks and invitations. The first in a channel is its operator.
// https://modern.ircdocs.horse/#channel-operations

import { NUMERIC } from '../protocol/numerics.ts';
import type { DemoClient } from './client.ts';
import {
  CHANNEL_LENGTH_MAX,
  CHANNELS_MAX,
  CHANNELS_PER_CLIENT_MAX,
  type DemoChannel,
  TOPIC_LENGTH_MAX,
} from './world.ts';

/** Nicks in one line of NAMES. */
const NAMES_PER_LINE = 8;

/** JOIN. */
export function join(client: DemoClient, params: readonly string[]): void {
  const keys = (params[1] ?? '').split(',');
  if (params[0] === '0') {
    for (const channel of client.world.channelsOf(client)) leaveChannel(client, channel, 'Left all channels');
    return;
  }
  for (const [index, name] of (params[0] ?? '').split(',').entries()) joinOne(client, name, keys[index] ?? '');
}

function joinOne(client: DemoClient, name: string, key: string): void {
  const { world } = client;
  // No control character can stand in a name: two channels that look the same would be different ones.
  // oxlint-disable-next-line no-control-regex -- these are what the grammar forbids
  if (!/^#[^\x00-\x20,\x07:\x7f]+$/.test(name) || name.length > CHANNEL_LENGTH_MAX) {
    return client.reply(NUMERIC.ERR_NOSUCHCHANNEL, name.replace(/^:|[ \0]/g, '') || '*', 'No such channel');
  }
  let channel = world.channel(name);
  if (channel?.members.has(client)) return;
  const full = world.channelsOf(client).length >= CHANNELS_PER_CLIENT_MAX || world.channels.size >= CHANNELS_MAX;
  if (full) return client.reply(NUMERIC.ERR_TOOMANYCHANNELS, name, 'You have joined too many channels');
  if (channel === undefined) {
    channel = newChannel(name, world.clock.now());
    world.channels.set(world.fold(name), channel);
  } else {
    const why = refusal(client, channel, key);
    if (why !== null) return client.reply(why, channel.name, 'Cannot join channel');
  }
  channel.invited.delete(client);
  channel.members.set(client, new Set(channel.members.size === 0 ? ['o'] : []));
  for (const member of channel.members.keys()) {
    const extended = member.enabled.has('extended-join') ? [client.account ?? '*', client.realname] : [];
    member.relay(client, { command: 'JOIN', params: [channel.name, ...extended] });
  }
  if (channel.topic !== null) tellTopic(client, channel);
  tellNames(client, channel);
}

function newChannel(name: string, createdAt: number): DemoChannel {
  return {
    name,
    createdAt,
    members: new Map(),
    topic: null,
    modes: new Set(['n', 't']),
    key: null,
    limit: null,
    invited: new Set(),
  };
}

function refusal(client: DemoClient, channel: DemoChannel, key: string): string | null {
  if (channel.invited.has(client)) return null;
  if (channel.modes.has('i')) return NUMERIC.ERR_INVITEONLYCHAN;
  if (channel.key !== null && channel.key !== key) return NUMERIC.ERR_BADCHANNELKEY;
  if (channel.limit !== null && channel.members.size >= channel.limit) return NUMERIC.ERR_CHANNELISFULL;
  return null;
}

/** PART. */
export function part(client: DemoClient, params: readonly string[]): void {
  for (const name of (params[0] ?? '').split(',')) {
    const channel = memberOf(client, name);
    if (channel !== null) leaveChannel(client, channel, params[1]);
  }
}

function leaveChannel(client: DemoClient, channel: DemoChannel, reason: string | undefined): void {
  const told = reason === undefined ? [channel.name] : [channel.name, reason];
  for (const member of channel.members.keys()) member.relay(client, { command: 'PART', params: told });
  client.world.leave(channel, client);
}

/** TOPIC: asked for, or set. */
export function topic(client: DemoClient, params: readonly string[]): void {
  const channel = memberOf(client, params[0] ?? '');
  if (channel === null) return;
  const text = params[1];
  if (text === undefined) {
    if (channel.topic === null) return client.reply(NUMERIC.RPL_NOTOPIC, channel.name, 'No topic is set');
    return tellTopic(client, channel);
  }
  if (channel.modes.has('t') && !isOperator(client, channel)) return needOperator(client, channel);
  channel.topic =
    text === '' ? null : { text: text.slice(0, TOPIC_LENGTH_MAX), by: client.mask, at: client.world.clock.now() };
  const told = [channel.name, channel.topic?.text ?? ''];
  for (const member of channel.members.keys()) member.relay(client, { command: 'TOPIC', params: told });
}

/** NAMES. */
export function names(client: DemoClient, params: readonly string[]): void {
  for (const name of (params[0] ?? '').split(',')) {
    const channel = client.world.channel(name);
    if (channel === undefined || (channel.modes.has('s') && !channel.members.has(client))) {
      client.reply(NUMERIC.RPL_ENDOFNAMES, name === '' ? '*' : name, 'End of /NAMES list');
    } else {
      tellNames(client, channel);
    }
  }
}

/** LIST: the channels that are not secret. */
export function list(client: DemoClient): void {
  client.reply(NUMERIC.RPL_LISTSTART, 'Channel', 'Users  Name');
  for (const channel of client.world.channels.values()) {
    if (channel.modes.has('s') && !channel.members.has(client)) continue;
    client.reply(NUMERIC.RPL_LIST, channel.name, String(channel.members.size), channel.topic?.text ?? '');
  }
  client.reply(NUMERIC.RPL_LISTEND, 'End of /LIST');
}

/** KICK, by operators. */
export function kick(client: DemoClient, params: readonly string[]): void {
  const channel = memberOf(client, params[0] ?? '');
  if (channel === null) return;
  if (!isOperator(client, channel)) return needOperator(client, channel);
  for (const nick of (params[1] ?? '').split(',')) {
    const victim = client.world.byNick(nick);
    if (victim === undefined || !channel.members.has(victim)) {
      client.reply(
        NUMERIC.ERR_USERNOTINCHANNEL,
        nick === '' ? '*' : nick,
        channel.name,
        'They are not on that channel',
      );
      continue;
    }
    const told = [channel.name, victim.nick ?? nick, params[2] ?? client.nick ?? ''];
    for (const member of channel.members.keys()) member.relay(client, { command: 'KICK', params: told });
    client.world.leave(channel, victim);
  }
}

/** INVITE. */
export function invite(client: DemoClient, params: readonly string[]): void {
  const invited = client.world.byNick(params[0] ?? '');
  const channel = memberOf(client, params[1] ?? '');
  if (channel === null) return;
  if (invited === undefined || invited.nick === null) {
    return client.reply(NUMERIC.ERR_NOSUCHNICK, params[0] || '*', 'No such nick');
  }
  if (channel.members.has(invited)) {
    return client.reply(NUMERIC.ERR_USERONCHANNEL, invited.nick, channel.name, 'is already on channel');
  }
  if (channel.modes.has('i') && !isOperator(client, channel)) return needOperator(client, channel);
  channel.invited.add(invited);
  client.reply(NUMERIC.RPL_INVITING, invited.nick, channel.name);
  invited.relay(client, { command: 'INVITE', params: [invited.nick, channel.name] });
  for (const member of channel.members.keys()) {
    if (member !== client && member.enabled.has('invite-notify')) {
      member.relay(client, { command: 'INVITE', params: [invited.nick, channel.name] });
    }
  }
}

/** Whether a client is an operator of a channel. */
export function isOperator(client: DemoClient, channel: DemoChannel): boolean {
  return channel.members.get(client)?.has('o') ?? false;
}

/** Answers that only an operator may do this. */
export function needOperator(client: DemoClient, channel: DemoChannel): void {
  client.reply(NUMERIC.ERR_CHANOPRIVSNEEDED, channel.name, "You're not a channel operator");
}

/** The signs before a nick, all of them or the highest. */
export function signsOf(ranks: ReadonlySet<string>, all: boolean): string {
  const signs = `${ranks.has('o') ? '@' : ''}${ranks.has('v') ? '+' : ''}`;
  return all ? signs : signs.slice(0, 1);
}

/** The channel if the client is in it; else the client is told why not. */
function memberOf(client: DemoClient, name: string): DemoChannel | null {
  const channel = client.world.channel(name);
  const shown = name === '' || name.includes(' ') || name.startsWith(':') ? '*' : name;
  if (channel === undefined) {
    client.reply(NUMERIC.ERR_NOSUCHCHANNEL, shown, 'No such channel');
    return null;
  }
  if (channel.members.has(client)) return channel;
  client.reply(NUMERIC.ERR_NOTONCHANNEL, channel.name, "You're not on that channel");
  return null;
}

function tellTopic(client: DemoClient, channel: DemoChannel): void {
  if (channel.topic === null) return;
  client.reply(NUMERIC.RPL_TOPIC, channel.name, channel.topic.text);
  const at = String(Math.floor(channel.topic.at / 1000));
  client.reply(NUMERIC.RPL_TOPICWHOTIME, channel.name, channel.topic.by, at);
}

function tellNames(client: DemoClient, channel: DemoChannel): void {
  const all = [...channel.members].map(([member, ranks]) => {
    const name = client.enabled.has('userhost-in-names') ? member.mask : (member.nick ?? '*');
    return signsOf(ranks, client.enabled.has('multi-prefix')) + name;
  });
  for (let start = 0; start < all.length; start += NAMES_PER_LINE) {
    const some = all.slice(start, start + NAMES_PER_LINE).join(' ');
    client.reply(NUMERIC.RPL_NAMREPLY, channel.modes.has('s') ? '@' : '=', channel.name, some);
  }
  client.reply(NUMERIC.RPL_ENDOFNAMES, channel.name, 'End of /NAMES list');
}
