// MODE on the demo network: ranks o and v, flags i m n s t, key and limit; bans are listed (there are none) but not kept.
// https://modern.ircdocs.horse/#mode-message

import { ISUPPORT_DEFAULTS } from '../protocol/isupport.ts';
import { NUMERIC } from '../protocol/numerics.ts';
import { type ModeChange, parseModes } from '../protocol/parse-modes.ts';
import { isOperator, needOperator } from './channels.ts';
import type { DemoClient } from './client.ts';
import type { DemoChannel } from './world.ts';

/** Changes taken from one MODE line, as ISUPPORT MODES says. */
const CHANGES_MAX = 6;
const FEATURES = { ...ISUPPORT_DEFAULTS, chanModes: ['b', 'k', 'l', 'imnst'] as const };

/** MODE of a channel or of oneself. */
export function mode(client: DemoClient, params: readonly string[]): void {
  const [target = '', modes, ...args] = params;
  if (!target.startsWith('#')) return userMode(client, target, modes);
  const channel = client.world.channel(target);
  if (channel === undefined) return client.reply(NUMERIC.ERR_NOSUCHCHANNEL, target, 'No such channel');
  if (modes === undefined) return tellModes(client, channel);
  if (/^\+?b$/.test(modes) && args.length === 0) {
    return client.reply(NUMERIC.RPL_ENDOFBANLIST, channel.name, 'End of channel ban list');
  }
  if (!isOperator(client, channel)) return needOperator(client, channel);
  const changes = parseModes(modes, args, FEATURES).slice(0, CHANGES_MAX);
  const made = changes.filter((change) => apply(client, channel, change));
  if (made.length > 0) announce(client, channel, made);
}

function userMode(client: DemoClient, target: string, modes: string | undefined): void {
  if (client.world.byNick(target) !== client) {
    return client.reply(NUMERIC.ERR_USERSDONTMATCH, 'You can see and change only your own modes');
  }
  if (modes === undefined) return client.reply(NUMERIC.RPL_UMODEIS, client.invisible ? '+i' : '+');
  if (!/^[+-]*i[+-]*$/.test(modes)) return client.reply(NUMERIC.ERR_UMODEUNKNOWNFLAG, 'Unknown mode flag');
  client.invisible = !modes.startsWith('-');
  client.relay(client, { command: 'MODE', params: [client.nick ?? '*', client.invisible ? '+i' : '-i'] });
}

function tellModes(client: DemoClient, channel: DemoChannel): void {
  const key = channel.key === null ? '' : 'k';
  const limit = channel.limit === null ? '' : 'l';
  const args = channel.limit === null ? [] : [String(channel.limit)];
  // The key is shown to nobody: whoever is in the channel had it.
  const shown = channel.key === null ? args : ['*', ...args];
  client.reply(NUMERIC.RPL_CHANNELMODEIS, channel.name, `+${[...channel.modes].join('')}${key}${limit}`, ...shown);
  client.reply(NUMERIC.RPL_CREATIONTIME, channel.name, String(Math.floor(channel.createdAt / 1000)));
}

/** Makes one change; false when it changes nothing, and the client was told if that is its mistake. */
function apply(client: DemoClient, channel: DemoChannel, change: ModeChange): boolean {
  const { set, mode: letter, argument } = change;
  switch (letter) {
    case 'o':
    case 'v': {
      const member = client.world.byNick(argument ?? '');
      const ranks = member && channel.members.get(member);
      if (ranks === undefined) {
        client.reply(NUMERIC.ERR_USERNOTINCHANNEL, argument || '*', channel.name, 'They are not on that channel');
        return false;
      }
      if (set === ranks.has(letter)) return false;
      if (set) ranks.add(letter);
      else ranks.delete(letter);
      return true;
    }
    case 'i':
    case 'm':
    case 'n':
    case 's':
    case 't':
      if (set === channel.modes.has(letter)) return false;
      if (set) channel.modes.add(letter);
      else channel.modes.delete(letter);
      return true;
    case 'k':
      if (set && !/^[!-+.-9;-~]{1,32}$/.test(argument ?? '')) return false;
      channel.key = set ? (argument ?? null) : null;
      return true;
    case 'l':
      if (set && !/^[1-9][0-9]{0,5}$/.test(argument ?? '')) return false;
      channel.limit = set ? Number(argument) : null;
      return true;
    default:
      client.reply(NUMERIC.ERR_UNKNOWNMODE, letter, 'is unknown mode char to me');
      return false;
  }
}

function announce(client: DemoClient, channel: DemoChannel, changes: readonly ModeChange[]): void {
  let letters = '';
  let sign: boolean | null = null;
  for (const change of changes) {
    if (change.set !== sign) letters += change.set ? '+' : '-';
    sign = change.set;
    letters += change.mode;
  }
  const args = changes.flatMap((change) => (change.argument === undefined ? [] : [change.argument]));
  for (const member of channel.members.keys()) {
    member.relay(client, { command: 'MODE', params: [channel.name, letters, ...args] });
  }
}
