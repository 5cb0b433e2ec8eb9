// What the network says, as the kit's events. The listener tells what channels say, everybody else only what is said to them alone.
// Our own connections are Matrix users already: what they do is followed, so that the member lists are right, and told to nobody.
//
//   line ─> hearChannels (listener) ─┐
//   line ─> hearPrivate (the others) ┴─> RemoteEvents, in order

import type { Chat, LoginId, RemoteEvent, UserId } from '@pons/appservice-sdk/bridge';
import type { Channel } from './chat-info.ts';
import type { Hub } from './hub.ts';
import { channelIdOf, type MessageIds, messageIdOf, privateChatOf, userIdOf } from './ids.ts';
import { readCtcp, writeCtcp } from './protocol/ctcp.ts';
import type { OutLine } from './protocol/format-line.ts';
import { isNetsplit, type Netsplits } from './netsplits.ts';
import { isChannel, type Isupport } from './protocol/isupport.ts';
import { NUMERIC } from './protocol/numerics.ts';
import type { IrcLine } from './protocol/parse-line.ts';
import { parseModes } from './protocol/parse-modes.ts';
import { type Named, toMatrix } from './text/to-matrix.ts';

/** What is needed to understand a line. */
export interface Ears {
  login: LoginId;
  /** Whether this login has said something to that person. */
  talksWith(user: UserId): boolean;
  /** Sends a line of our own, where a request is to be answered. */
  send(line: OutLine): boolean;
  hub: Hub;
  features: Isupport;
  /** Our own nick. */
  nick: string;
  ids: MessageIds;
  splits: Netsplits;
}

/** How long somebody types who says so once. https://ircv3.net/specs/client-tags/typing */
const TYPING_MS: Readonly<Record<string, number>> = { active: 6_000, paused: 30_000, done: 0 };

/** A line as the listener hears it. */
export function hearChannels(line: IrcLine, at: number, ears: Ears): RemoteEvent[] {
  const { book } = ears.hub;
  if (line.source?.name === '') return [];
  switch (line.command) {
    case 'JOIN':
      return heardJoin(line, at, ears);
    case 'PART':
    case 'KICK':
      return heardLeave(line, at, ears);
    case 'QUIT':
      return heardQuit(line, at, ears);
    case 'NICK':
      return heardNick(line, at, ears);
    case 'MODE':
      return heardMode(line, at, ears);
    case 'TOPIC':
      return heardTopic(line.params[0] ?? '', line.params[1] ?? '', ears);
    case NUMERIC.RPL_TOPIC: {
      // Part of a join: told with the names, which follow.
      const channel = book.channel(line.params[1] ?? '');
      if (channel !== undefined) channel.topic = line.params[2] ?? null;
      return [];
    }
    case NUMERIC.RPL_NAMREPLY: {
      const channel = book.channel(line.params[2] ?? '');
      if (channel !== undefined) book.names(channel, line.params[3] ?? '');
      return [];
    }
    case NUMERIC.RPL_ENDOFNAMES: {
      const channel = book.channel(line.params[1] ?? '');
      if (channel === undefined) return [];
      book.endOfNames(channel);
      ears.splits.forget(chatOf(channel, ears));
      return [{ t: 'chat', chat: chatOf(channel, ears), info: channelInfo(channel, ears) }];
    }
    case 'PRIVMSG':
    case 'NOTICE':
      return heardMessage(line, at, ears);
    case 'TAGMSG':
      return heardTags(line, at, ears);
    case 'REDACT':
      return heardRedaction(line, at, ears);
    default:
      return [];
  }
}

/** A line as a login hears it that is not the listener: only what is for it alone. */
export function hearPrivate(line: IrcLine, at: number, ears: Ears): RemoteEvent[] {
  if (userIdOf(line.params[0] ?? '', ears.features) !== userIdOf(ears.nick, ears.features)) return [];
  if (line.source?.user === undefined || line.source.name === '' || ears.hub.own.has(line.source.name)) return [];
  const { name } = line.source;
  const chat = privateChatOf(userIdOf(name, ears.features), ears.login);
  const from = { chat, from: userIdOf(name, ears.features), at: new Date(at) };
  if (line.command === 'TAGMSG') return typing(line, from);
  if (line.command !== 'PRIVMSG' && line.command !== 'NOTICE') return [];
  const text = line.params[1] ?? '';
  const request = readCtcp(text);
  if (request !== undefined && request.command !== 'ACTION') {
    if (line.command === 'PRIVMSG') answerRequest(name, request, ears);
    return [];
  }
  // Services and bots greet everybody who connects: their notices are told once somebody talks to them.
  if (line.command === 'NOTICE' && !ears.talksWith(from.from)) return [];
  return [...spelling(name, from.from), ...message(line, from, ears)];
}

/** What the kit wants to know of a channel the listener is in. */
export function channelInfo(channel: Channel, ears: Pick<Ears, 'hub'>): ReturnType<Hub['book']['info']> {
  const { hub } = ears;
  return hub.book.info(channel, (user) => hub.own.has(channel.members.get(user)?.nick ?? user));
}

type From = { chat: Chat; from: string; at: Date };

function heardJoin(line: IrcLine, at: number, ears: Ears): RemoteEvent[] {
  const { book } = ears.hub;
  const nick = line.source?.name ?? '';
  const name = line.params[0] ?? '';
  if (isUs(nick, ears)) {
    book.open(name);
    return [];
  }
  const channel = book.channel(name);
  if (channel === undefined) return [];
  book.add(channel, nick);
  if (ears.hub.own.has(nick) || ears.splits.back(chatOf(channel, ears), userIdOf(nick, ears.features))) return [];
  return joined(channel, nick, at, ears);
}

function heardLeave(line: IrcLine, at: number, ears: Ears): RemoteEvent[] {
  const { book } = ears.hub;
  const [name = ''] = line.params;
  const kicked = line.command === 'KICK';
  const nick = kicked ? (line.params[1] ?? '') : (line.source?.name ?? '');
  const reason = kicked ? line.params[2] : line.params[1];
  const channel = book.channel(name);
  if (channel === undefined || nick === '') return [];
  if (isUs(nick, ears)) {
    book.close(name);
    return [];
  }
  book.remove(channel, nick);
  if (ears.hub.own.has(nick)) return [];
  const by = kicked && line.source?.user !== undefined ? { by: userIdOf(line.source.name, ears.features) } : {};
  return [left(channel, nick, at, ears, { ...by, ...(reason === undefined ? {} : { reason }) })];
}

function heardQuit(line: IrcLine, at: number, ears: Ears): RemoteEvent[] {
  const { book } = ears.hub;
  const nick = line.source?.name ?? '';
  const channels = book.channelsOf(nick);
  for (const channel of channels) book.remove(channel, nick);
  const ours = ears.hub.own.has(nick);
  ears.hub.own.gone(nick);
  if (ours) return [];
  const reason = line.params[0] ?? 'quit';
  const all = channels.map((channel) => left(channel, nick, at, ears, { reason }));
  return isNetsplit(reason) ? all.filter((event) => !ears.splits.hold(event)) : all;
}

function heardNick(line: IrcLine, at: number, ears: Ears): RemoteEvent[] {
  const { book } = ears.hub;
  const was = line.source?.name ?? '';
  const now = line.params[0] ?? '';
  if (now === '' || isUs(was, ears) || isUs(now, ears)) return [];
  const channels = book.channelsOf(was);
  for (const channel of channels) book.rename(channel, was, now);
  if (ears.hub.own.has(was) || ears.hub.own.has(now)) {
    ears.hub.own.renamed(was, now);
    return [];
  }
  // Another spelling of the same nick is the same person; another nick may be anybody's tomorrow, so it is another ghost.
  if (userIdOf(was, ears.features) === userIdOf(now, ears.features)) {
    return [{ t: 'user', user: userIdOf(now, ears.features), info: { name: now } }];
  }
  return channels.flatMap((channel) => [
    left(channel, was, at, ears, { reason: `is now known as ${now}` }),
    ...joined(channel, now, at, ears),
  ]);
}

function heardMode(line: IrcLine, at: number, ears: Ears): RemoteEvent[] {
  const { book } = ears.hub;
  const channel = book.channel(line.params[0] ?? '');
  if (channel === undefined) return [];
  const changed = new Set<string>();
  for (const change of parseModes(line.params[1] ?? '', line.params.slice(2), ears.features)) {
    if (!ears.features.prefixes.some(({ mode }) => mode === change.mode)) continue;
    const user = userIdOf(change.argument ?? '', ears.features);
    const ranks = channel.members.get(user)?.ranks;
    if (change.set) ranks?.add(change.mode);
    else ranks?.delete(change.mode);
    if (ranks !== undefined && !ears.hub.own.has(change.argument ?? '')) changed.add(user);
  }
  return [...changed].map((user) => ({
    t: 'member',
    chat: chatOf(channel, ears),
    user,
    to: 'join',
    power: book.powerOf(channel, user),
    at: new Date(at),
  }));
}

function heardTopic(name: string, topic: string, ears: Ears): RemoteEvent[] {
  const channel = ears.hub.book.channel(name);
  if (channel === undefined) return [];
  channel.topic = topic === '' ? null : topic;
  return [{ t: 'chat', chat: chatOf(channel, ears), info: { topic: channel.topic } }];
}

function heardMessage(line: IrcLine, at: number, ears: Ears): RemoteEvent[] {
  const [target = '', text = ''] = line.params;
  // Only whole channels: `@#channel` is for operators, a nick is the listener itself, which is nobody to talk to.
  if (!isChannel(target, ears.features) || line.source?.user === undefined) return [];
  const { name } = line.source;
  if (isUs(name, ears)) return [];
  if (ears.hub.own.has(name)) {
    ears.hub.hear(name, target, text);
    return [];
  }
  const request = readCtcp(text);
  if (request !== undefined && request.command !== 'ACTION') return [];
  const from = { chat: channelIdOf(target, ears.features), from: userIdOf(name, ears.features), at: new Date(at) };
  return message(line, from, ears);
}

function heardTags(line: IrcLine, at: number, ears: Ears): RemoteEvent[] {
  const [target = ''] = line.params;
  const nick = line.source?.name ?? '';
  if (!isChannel(target, ears.features) || isUs(nick, ears) || ears.hub.own.has(nick)) return [];
  const from = userIdOf(nick, ears.features);
  return typing(line, { chat: channelIdOf(target, ears.features), from, at: new Date(at) });
}

function heardRedaction(line: IrcLine, at: number, ears: Ears): RemoteEvent[] {
  const [target = '', id = ''] = line.params;
  const nick = line.source?.name ?? '';
  if (!isChannel(target, ears.features) || isUs(nick, ears) || ears.hub.own.has(nick)) return [];
  const from = userIdOf(nick, ears.features);
  const chat = channelIdOf(target, ears.features);
  return [{ t: 'remove', chat, from, target: messageIdOf(id), at: new Date(at) }];
}

function typing(line: IrcLine, from: From): RemoteEvent[] {
  const forMs = TYPING_MS[line.tags.get('+typing') ?? ''];
  return forMs === undefined ? [] : [{ t: 'typing', chat: from.chat, from: from.from, forMs }];
}

function message(line: IrcLine, from: From, ears: Ears): RemoteEvent[] {
  const [target = '', said = ''] = line.params;
  const nick = line.source?.name ?? '';
  const action = readCtcp(said);
  const blocks = toMatrix(action?.argument ?? said, (word) => namedIn(target, word, ears));
  if (blocks.length === 0) return [];
  const style = action !== undefined ? 'emote' : line.command === 'NOTICE' ? 'notice' : 'text';
  const msgid = line.tags.get('msgid');
  const id =
    msgid === undefined ? ears.ids.next(from.at.getTime(), [nick, target, line.command, said]) : messageIdOf(msgid);
  const answered = line.tags.get('+draft/reply') ?? line.tags.get('+reply');
  // Only what passed through this chat can be answered in it: an id of another room's message means nothing here.
  const known = answered !== undefined && ears.hub.recall(from.chat, messageIdOf(answered)) !== undefined;
  ears.hub.remember(from.chat, id, { nick });
  return [
    {
      t: 'message',
      ...from,
      id,
      message: { parts: [{ style, blocks }], ...(known ? { replyTo: messageIdOf(answered) } : {}) },
    },
  ];
}

function namedIn(target: string, word: string, ears: Ears): Named | undefined {
  const own = ears.hub.own.userOf(word);
  if (own !== undefined && !isUs(word, ears)) return { user: own, label: word, anywhere: true };
  const user = userIdOf(word, ears.features);
  const member = ears.hub.book.channel(target)?.members.get(user);
  return member === undefined ? undefined : { user, label: member.nick, anywhere: false };
}

function joined(channel: Channel, nick: string, at: number, ears: Ears): RemoteEvent[] {
  const user = userIdOf(nick, ears.features);
  return [...spelling(nick, user), { t: 'member', chat: chatOf(channel, ears), user, to: 'join', at: new Date(at) }];
}

/** A nick is told where it differs from its id: then the ghost's name follows it. */
function spelling(nick: string, user: UserId): RemoteEvent[] {
  return nick === user ? [] : [{ t: 'user', user, info: { name: nick } }];
}

function left(
  channel: Channel,
  nick: string,
  at: number,
  ears: Ears,
  how: { by?: string; reason?: string },
): Extract<RemoteEvent, { t: 'member' }> {
  const user = userIdOf(nick, ears.features);
  return { t: 'member', chat: chatOf(channel, ears), user, to: 'leave', at: new Date(at), ...how };
}

function chatOf(channel: Channel, ears: Ears): Chat {
  return channelIdOf(channel.name, ears.features);
}

function isUs(nick: string, ears: Ears): boolean {
  return userIdOf(nick, ears.features) === userIdOf(ears.nick, ears.features);
}

/** CTCP requests that a person's client answers. Always by NOTICE, so that two bridges cannot answer each other for ever. */
function answerRequest(nick: string, request: { command: string; argument: string }, ears: Ears): void {
  const answers: Readonly<Record<string, string>> = {
    VERSION: 'Pons IRC bridge',
    PING: request.argument.slice(0, PING_CHARS_MAX),
    CLIENTINFO: 'ACTION CLIENTINFO PING VERSION',
    DCC: 'the person you write to is on Matrix and cannot take files this way',
  };
  const answer = Object.hasOwn(answers, request.command) ? answers[request.command] : undefined;
  if (answer === undefined) return;
  ears.send({ command: 'NOTICE', params: [nick, writeCtcp(request.command, answer)] });
}

/** What is sent back of a CTCP PING. */
const PING_CHARS_MAX = 100;
