// What clients of the demo network say to channels and to one another: PRIVMSG, NOTICE, TAGMSG, REDACT. Every message gets an id and
// a time; client-only tags are passed on to those who negotiated message-tags.
// https://ircv3.net/specs/extensions/message-tags, https://ircv3.net/specs/extensions/message-redaction

import { NUMERIC } from '../protocol/numerics.ts';
import type { IrcLine } from '../protocol/parse-line.ts';
import type { DemoClient } from './client.ts';
import type { DemoChannel } from './world.ts';

/** Targets of one command. */
const TARGETS_MAX = 4;

/** PRIVMSG. */
export function privmsg(client: DemoClient, params: readonly string[], line: IrcLine): void {
  speak(client, 'PRIVMSG', params, line);
}

/** NOTICE: never answered with an error. */
export function notice(client: DemoClient, params: readonly string[], line: IrcLine): void {
  speak(client, 'NOTICE', params, line);
}

/** TAGMSG: tags without a text, only for those who understand tags. */
export function tagmsg(client: DemoClient, params: readonly string[], line: IrcLine): void {
  const target = params[0] ?? '';
  const receivers = receiversOf(client, target);
  if (typeof receivers === 'string') return refuse(client, receivers, target);
  const tags = tagsOf(client, target, line);
  for (const receiver of receivers) {
    if (receiver.enabled.has('message-tags')) receiver.relay(client, { command: 'TAGMSG', params: [target], tags });
  }
  if (client.enabled.has('echo-message')) client.relay(client, { command: 'TAGMSG', params: [target], tags });
}

/** REDACT: one's own messages, or as an operator of the channel. */
export function redact(client: DemoClient, params: readonly string[]): void {
  const [target = '', id = '', reason] = params;
  const { world } = client;
  const message = world.message(id);
  if (message === undefined || message.target !== world.fold(target)) {
    return client.fromServer('FAIL', 'REDACT', 'UNKNOWN_MSGID', target, id, 'This message does not exist any more');
  }
  const isOperator = world.channel(target)?.members.get(client)?.has('o') ?? false;
  if (message.by !== client && !isOperator) {
    return client.fromServer('FAIL', 'REDACT', 'REDACT_FORBIDDEN', target, id, 'This is not your message');
  }
  const receivers = receiversOf(client, target);
  if (typeof receivers === 'string') return refuse(client, receivers, target);
  const told = reason === undefined ? [target, id] : [target, id, reason];
  for (const receiver of [...receivers, client]) {
    if (receiver.enabled.has('draft/message-redaction')) receiver.relay(client, { command: 'REDACT', params: told });
  }
}

function speak(client: DemoClient, command: 'PRIVMSG' | 'NOTICE', params: readonly string[], line: IrcLine): void {
  const silent = command === 'NOTICE';
  const [targets, text] = params;
  if (targets === undefined) {
    if (!silent) client.reply(NUMERIC.ERR_NORECIPIENT, `No recipient given (${command})`);
    return;
  }
  if (text === undefined || text === '') {
    if (!silent) client.reply(NUMERIC.ERR_NOTEXTTOSEND, 'No text to send');
    return;
  }
  for (const target of targets.split(',').slice(0, TARGETS_MAX)) {
    const receivers = receiversOf(client, target);
    if (typeof receivers === 'string') {
      if (!silent) refuse(client, receivers, target);
      continue;
    }
    const tags = tagsOf(client, target, line);
    for (const receiver of receivers) receiver.relay(client, { command, params: [target, text], tags });
    if (client.enabled.has('echo-message')) client.relay(client, { command, params: [target, text], tags });
    const away = client.world.byNick(target)?.away;
    if (away && !silent) client.reply(NUMERIC.RPL_AWAY, target, away);
  }
}

/** Who hears what goes to a target, without the speaker; or the numeric that refuses it. */
function receiversOf(client: DemoClient, target: string): DemoClient[] | string {
  const { world } = client;
  if (!target.startsWith('#')) {
    const receiver = world.byNick(target);
    return receiver?.registered ? [receiver] : NUMERIC.ERR_NOSUCHNICK;
  }
  const channel = world.channel(target);
  if (channel === undefined) return NUMERIC.ERR_NOSUCHCHANNEL;
  if (!maySpeak(client, channel)) return NUMERIC.ERR_CANNOTSENDTOCHAN;
  return [...channel.members.keys()].filter((member) => member !== client);
}

function maySpeak(client: DemoClient, channel: DemoChannel): boolean {
  const ranks = channel.members.get(client);
  if (ranks === undefined) return !channel.modes.has('n') && !channel.modes.has('m');
  return !channel.modes.has('m') || ranks.has('o') || ranks.has('v');
}

function refuse(client: DemoClient, numeric: string, target: string): void {
  const why = numeric === NUMERIC.ERR_CANNOTSENDTOCHAN ? 'Cannot send to channel' : 'No such nick or channel';
  client.reply(numeric, target === '' ? '*' : target.replace(/^:/, ''), why);
}

function tagsOf(client: DemoClient, target: string, line: IrcLine): Record<string, string> {
  const clientTags = [...line.tags].filter(([key]) => /^\+(?:[A-Za-z0-9.-]+\/)?[A-Za-z0-9-]+$/.test(key));
  return {
    ...Object.fromEntries(clientTags),
    msgid: client.world.newMessage(client, target),
    time: new Date(client.world.clock.now()).toISOString(),
  };
}
