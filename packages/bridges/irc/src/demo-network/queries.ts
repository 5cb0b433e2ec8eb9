// What clients of the demo network ask: WHO, WHOIS, ISON, USERHOST, AWAY, MOTD, LUSERS.
// https://modern.ircdocs.horse/#user-based-queries

import { NUMERIC } from '../protocol/numerics.ts';
import { signsOf } from './channels.ts';
import type { DemoClient } from './client.ts';
import { AWAY_LENGTH_MAX } from './world.ts';

/** WHO of a channel or a nick. */
export function who(client: DemoClient, params: readonly string[]): void {
  const { world } = client;
  const mask = params[0] === undefined || params[0] === '' ? '*' : params[0];
  const channel = world.channel(mask);
  if (channel !== undefined && (channel.members.has(client) || !channel.modes.has('s'))) {
    for (const [member, ranks] of channel.members) whoReply(client, member, channel.name, signsOf(ranks, true));
  } else {
    const found = world.byNick(mask);
    if (found?.registered) whoReply(client, found, '*', '');
  }
  client.reply(NUMERIC.RPL_ENDOFWHO, mask, 'End of /WHO list');
}

function whoReply(client: DemoClient, about: DemoClient, channel: string, signs: string): void {
  const { serverName } = client.world;
  client.reply(
    NUMERIC.RPL_WHOREPLY,
    channel,
    about.user ?? '*',
    about.host,
    serverName,
    about.nick ?? '*',
    `${about.away === null ? 'H' : 'G'}${signs}`,
    `0 ${about.realname}`,
  );
}

/** WHOIS of a nick. */
export function whois(client: DemoClient, params: readonly string[]): void {
  const { world } = client;
  const asked = params.at(-1) || '*';
  const about = world.byNick(asked);
  if (about?.registered && about.nick !== null) {
    client.reply(NUMERIC.RPL_WHOISUSER, about.nick, about.user ?? '*', about.host, '*', about.realname);
    const channels = world
      .channelsOf(about)
      .filter((channel) => !channel.modes.has('s') || channel.members.has(client))
      .map((channel) => signsOf(channel.members.get(about) ?? new Set(), true) + channel.name);
    if (channels.length > 0) client.reply(NUMERIC.RPL_WHOISCHANNELS, about.nick, channels.join(' '));
    client.reply(NUMERIC.RPL_WHOISSERVER, about.nick, world.serverName, world.networkName);
    if (about.account !== null) client.reply(NUMERIC.RPL_WHOISACCOUNT, about.nick, about.account, 'is logged in as');
    if (about.away !== null) client.reply(NUMERIC.RPL_AWAY, about.nick, about.away);
    const idle = Math.max(0, Math.floor((world.clock.now() - about.heardAt) / 1000));
    const since = String(Math.floor(about.signedOnAt / 1000));
    client.reply(NUMERIC.RPL_WHOISIDLE, about.nick, String(idle), since, 'seconds idle, signon time');
  } else {
    client.reply(NUMERIC.ERR_NOSUCHNICK, asked, 'No such nick');
  }
  client.reply(NUMERIC.RPL_ENDOFWHOIS, asked, 'End of /WHOIS list');
}

/** ISON: which of these nicks are here. */
export function ison(client: DemoClient, params: readonly string[]): void {
  const asked = params.flatMap((each) => each.split(' '));
  const here = asked.flatMap((nick) => {
    const found = client.world.byNick(nick);
    return found?.registered && found.nick !== null ? [found.nick] : [];
  });
  client.reply(NUMERIC.RPL_ISON, here.join(' '));
}

/** USERHOST of up to five nicks. */
export function userhost(client: DemoClient, params: readonly string[]): void {
  const replies = params.slice(0, 5).flatMap((nick) => {
    const found = client.world.byNick(nick);
    if (!found?.registered) return [];
    return [`${found.nick}=${found.away === null ? '+' : '-'}${found.user}@${found.host}`];
  });
  client.reply(NUMERIC.RPL_USERHOST, replies.join(' '));
}

/** AWAY, and back. */
export function away(client: DemoClient, params: readonly string[]): void {
  const text = params[0] ?? '';
  client.away = text === '' ? null : text.slice(0, AWAY_LENGTH_MAX);
  if (client.away === null) client.reply(NUMERIC.RPL_UNAWAY, 'You are no longer marked as being away');
  else client.reply(NUMERIC.RPL_NOWAWAY, 'You have been marked as being away');
  for (const neighbour of client.world.neighbours(client)) {
    if (!neighbour.enabled.has('away-notify')) continue;
    neighbour.relay(client, { command: 'AWAY', params: client.away === null ? [] : [client.away] });
  }
}

/** MOTD. */
export function motd(client: DemoClient): void {
  client.reply(NUMERIC.RPL_MOTDSTART, `- ${client.world.serverName} Message of the day -`);
  for (const line of client.world.motd) client.reply(NUMERIC.RPL_MOTD, `- ${line}`);
  client.reply(NUMERIC.RPL_ENDOFMOTD, 'End of /MOTD command');
}

/** LUSERS: how many are here. */
export function luserCounts(client: DemoClient): void {
  const here = [...client.world.clients].filter((each) => each.registered).length;
  client.reply(NUMERIC.RPL_LUSERCLIENT, `There are ${here} users and 0 invisible on 1 server`);
}
