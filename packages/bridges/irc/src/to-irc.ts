// What people in Matrix do, on IRC: messages, edits, removals, topics, typing. Called by the kit with a session that is open. A message
// counts as delivered only when the network proved it; where the connection broke before the proof, the listener is asked whether it
// heard the message, so that it is neither lost nor said twice.

import type { Chat, Ctx, MatrixMedia, Message, Part, Ref, Sent } from '@pons/appservice-sdk/bridge';
import { plain } from '@pons/appservice-sdk/bridge';
import { isChannelName, messageIdOf, msgidIn, targetOf } from './ids.ts';
import { writeCtcp } from './protocol/ctcp.ts';
import type { Delivery } from './protocol/deliveries.ts';
import { LineRefused, type OutLine } from './protocol/format-line.ts';
import { NUMERIC } from './protocol/numerics.ts';
import type { IrcSession } from './session.ts';
import { describeEdit } from './text/describe-edit.ts';
import { fromMatrix, type Names } from './text/from-matrix.ts';
import { oneLine } from './text/one-line.ts';

type MatrixMessage = Message<MatrixMedia>;

/** How long the listener may take to hear what a broken connection said last. */
const HEARD_WITHIN_MS = 5_000;
/** Messages of several lines whose sending was interrupted and is known to have got so far. */
const PROGRESS_MAX = 200;
/** Bytes of a removal's reason. */
const REASON_BYTES_MAX = 200;
/** https://ircv3.net/specs/client-tags/typing: at most once in three seconds. */
const TYPING_EVERY_MS = 3_000;

/** Sends a message; the answer has the ids that the network gave its lines. */
export async function sendMessage(s: IrcSession, e: { chat: Chat; message: MatrixMessage }, c: Ctx): Promise<Sent> {
  const target = await enter(s, e.chat, c);
  const lines = await linesOf(s, e.chat, e.message, c);
  const ids = await sendLines(s, { chat: e.chat, target, lines, tags: replyTags(s, e.message) }, c);
  const [id = c.key, ...also] = ids;
  s.hub.remember(e.chat, id, { nick: s.connection.nick, text: lines.map((line) => line.text).join('\n') });
  return also.length === 0 ? { id } : { id, also };
}

/** Tells an edit in words: IRC has none. */
export async function sendEdit(
  s: IrcSession,
  e: { chat: Chat; target: Ref; message: MatrixMessage },
  c: Ctx,
): Promise<void> {
  const target = await enter(s, e.chat, c);
  const edited = typeof e.target === 'string' ? e.target : e.target.msg;
  const lines = await linesOf(s, e.chat, e.message, c);
  const texts = lines.map((line) => line.text);
  const told = describeEdit(s.hub.recall(e.chat, edited)?.text, texts);
  const [first] = lines;
  const style = first?.style ?? 'text';
  await sendLines(s, { chat: e.chat, target, lines: told.map((text) => ({ text, style })), tags: {} }, c);
  s.hub.remember(e.chat, edited, { nick: s.connection.nick, text: texts.join('\n') });
}

/** Takes a message back where the network can. */
export async function sendRemoval(
  s: IrcSession,
  e: { chat: Chat; target: Ref; reason?: string },
  c: Ctx,
): Promise<void> {
  const target = await enter(s, e.chat, c);
  const msgid = msgidIn(typeof e.target === 'string' ? e.target : e.target.msg);
  if (msgid === undefined || !s.connection.enabled.has('draft/message-redaction')) {
    return c.fail('unsupported', 'This network cannot take messages back: people on IRC still see it');
  }
  const reason = e.reason === undefined ? [] : [oneLine(e.reason, REASON_BYTES_MAX)];
  const [delivery] = await deliver(s, [{ command: 'REDACT', params: [target, msgid, ...reason] }], c);
  if (delivery?.outcome === 'refused') return c.fail('forbidden', delivery.text);
  if (delivery?.outcome !== 'arrived') return c.fail('try-again', 'the IRC connection broke');
}

/** Sets the topic, if the network lets this person. */
export async function sendTopic(
  s: IrcSession,
  e: { chat: Chat; set: { topic?: string | null } },
  c: Ctx,
): Promise<void> {
  if (e.set.topic === undefined) return c.fail('unsupported', 'a channel on IRC cannot be renamed');
  const target = await enter(s, e.chat, c);
  const topic = oneLine(e.set.topic ?? '', s.connection.isupport.topicLength);
  const [delivery] = await deliver(s, [{ command: 'TOPIC', params: [target, topic] }], c);
  if (delivery?.outcome === 'refused') return c.fail('forbidden', `IRC refused the topic: ${delivery.text}`);
  if (delivery?.outcome !== 'arrived') return c.fail('try-again', 'the IRC connection broke');
}

/** Shows that somebody types; dropped where nobody could see it or something more important waits. */
export function sendTyping(s: IrcSession, e: { chat: Chat; on: boolean }): void {
  const target = targetOf(e.chat);
  const { connection, clock } = s;
  if (!connection.ready || connection.queueLength > 0 || !connection.enabled.has('message-tags')) return;
  if (typeof e.chat === 'string' && !s.isIn(target)) return;
  if (e.on && clock.now() - (s.typedAt.get(target) ?? 0) < TYPING_EVERY_MS) return;
  if (e.on) s.typedAt.set(target, clock.now());
  else s.typedAt.delete(target);
  connection.send({ command: 'TAGMSG', params: [target], tags: { '+typing': e.on ? 'active' : 'done' } });
}

/** Leaves a channel. */
export async function sendLeave(s: IrcSession, chat: Chat): Promise<void> {
  if (typeof chat === 'string') await s.leave(chat);
}

interface LineToSend {
  text: string;
  style: NonNullable<Part['style']>;
}

interface Sending {
  chat: Chat;
  target: string;
  lines: LineToSend[];
  tags: Record<string, string>;
}

/** Connected and in the channel; gives what to send to. */
async function enter(s: IrcSession, chat: Chat, c: Ctx): Promise<string> {
  if (!(await s.connection.whenReady(c.signal)))
    return c.fail('try-again', 'there is no connection to the IRC network');
  const target = targetOf(chat);
  if (typeof chat !== 'string') {
    s.talkedTo.add(target);
    return target;
  }
  if (!isChannelName(target, s.connection.isupport))
    return c.fail('not-found', 'this is not a channel of this network');
  const delivery = await s.join(target);
  if (delivery.outcome === 'arrived') return target;
  if (delivery.outcome === 'refused') return c.fail(failureOf(delivery.code), `IRC refused to join: ${delivery.text}`);
  return c.fail('try-again', 'the IRC connection broke while joining');
}

async function linesOf(s: IrcSession, chat: Chat, message: MatrixMessage, c: Ctx): Promise<LineToSend[]> {
  const target = targetOf(chat);
  const names: Names = {
    nickOf: (user) => s.hub.own.nickOf(user) ?? s.hub.book.nickOf(user),
    channelOf: (other) => (typeof other === 'string' ? (s.hub.book.channel(other)?.name ?? other) : undefined),
  };
  const lines: LineToSend[] = [];
  for (const [index, part] of message.parts.entries()) {
    const style = part.style ?? 'text';
    const room = s.connection.textBytes(style === 'notice' ? 'NOTICE' : 'PRIVMSG', target);
    const answered = index === 0 ? answeredNick(s, chat, message, part) : '';
    const blocks = part.blocks ?? [];
    const [first] = blocks;
    const named =
      answered === ''
        ? blocks
        : first !== undefined && 'p' in first
          ? [{ p: [answered, ...first.p] }, ...blocks.slice(1)]
          : [{ p: [answered] }, ...blocks];
    const texts = fromMatrix(named, names, style === 'emote' ? room - ACTION_BYTES : room);
    const extra = await describe(part);
    lines.push(...[...texts, ...fromMatrix([{ p: [extra] }], names, room)].map((text) => ({ text, style })));
  }
  if (lines.length === 0) return c.fail('unsupported', 'there is nothing in it that IRC can show');
  return lines;
}

const ACTION_BYTES = writeCtcp('ACTION', ' ').length - 1;

/** `nick: ` of whom the message answers, unless it names them already; only people of this very chat are known. */
function answeredNick(s: IrcSession, chat: Chat, message: MatrixMessage, part: Part<MatrixMedia>): string {
  if (message.replyTo === undefined || part.style === 'emote') return '';
  const { nick } =
    s.hub.recall(chat, typeof message.replyTo === 'string' ? message.replyTo : message.replyTo.msg) ?? {};
  if (nick === undefined || nick === s.connection.nick) return '';
  return plain({ parts: [part] })
    .toLowerCase()
    .includes(nick.toLowerCase())
    ? ''
    : `${nick}: `;
}

function replyTags(s: IrcSession, message: MatrixMessage): Record<string, string> {
  if (message.replyTo === undefined || !s.connection.enabled.has('message-tags')) return {};
  const msgid = msgidIn(typeof message.replyTo === 'string' ? message.replyTo : message.replyTo.msg);
  return msgid === undefined ? {} : { '+draft/reply': msgid };
}

/** What is not text, in words. */
async function describe(part: Part<MatrixMedia>): Promise<string> {
  if (part.media !== undefined) return `${part.media.name}: ${await part.media.link()}`;
  if (part.location !== undefined || part.contact !== undefined || part.poll !== undefined) {
    const { blocks: _, ...rest } = part;
    return plain({ parts: [rest] });
  }
  return '';
}

/** Sends the lines that an earlier try has not sent yet; gives the id of each line. */
async function sendLines(s: IrcSession, sending: Sending, c: Ctx): Promise<string[]> {
  const done = s.progress.get(c.key) ?? [];
  const { nick } = s.connection;
  const left = sending.lines.slice(done.length);
  const out = left.map((line, index) => lineOut(sending.target, line, done.length + index === 0 ? sending.tags : {}));
  const deliveries = await deliver(s, out, c);
  for (const [index, delivery] of deliveries.entries()) {
    const arrived = await settle(s, { delivery, nick, target: sending.target, text: out[index]?.params?.[1] ?? '' });
    if (!arrived) {
      keepProgress(s, c.key, done);
      return fail(delivery, c);
    }
    const msgid = delivery.outcome === 'arrived' ? delivery.msgid : undefined;
    done.push(msgid === undefined ? `key:${c.key}${done.length === 0 ? '' : `/${done.length}`}` : messageIdOf(msgid));
  }
  s.progress.delete(c.key);
  return done;
}

function lineOut(target: string, line: LineToSend, tags: Record<string, string>): OutLine {
  const text = line.style === 'emote' ? writeCtcp('ACTION', line.text) : line.text;
  return { command: line.style === 'notice' ? 'NOTICE' : 'PRIVMSG', params: [target, text], tags };
}

async function deliver(s: IrcSession, lines: readonly OutLine[], c: Ctx): Promise<Delivery[]> {
  try {
    return await s.connection.deliver(lines);
  } catch (error) {
    // The writer's refusal names the part and not its content: it can be shown.
    if (error instanceof LineRefused) return c.fail('unsupported', `this cannot be said on IRC: ${error.message}`);
    throw error;
  }
}

/** Whether a line is known to have arrived, by the network's word or because the listener heard it. */
async function settle(
  s: IrcSession,
  sent: { delivery: Delivery; nick: string; target: string; text: string },
): Promise<boolean> {
  const { delivery, ...message } = sent;
  if (delivery.outcome === 'arrived') return true;
  if (delivery.outcome !== 'unsure' || s.login.relay) return false;
  return await s.hub.heard(message, HEARD_WITHIN_MS);
}

function keepProgress(s: IrcSession, key: string, done: string[]): void {
  if (done.length === 0) return;
  s.progress.set(key, done);
  const oldest = s.progress.keys().next();
  if (s.progress.size > PROGRESS_MAX && !oldest.done) s.progress.delete(oldest.value);
}

function fail(delivery: Delivery, c: Ctx): never {
  if (delivery.outcome === 'refused') return c.fail(failureOf(delivery.code), `IRC refused it: ${delivery.text}`);
  if (delivery.outcome === 'not-sent' && delivery.why === 'queue-full') {
    return c.fail('rate', 'too much waits for the IRC network already', 30_000);
  }
  return c.fail('try-again', 'the IRC connection broke before the message was confirmed');
}

function failureOf(code: string): 'not-found' | 'forbidden' | 'try-again' {
  if (code === NUMERIC.ERR_NOSUCHNICK || code === NUMERIC.ERR_NOSUCHCHANNEL) return 'not-found';
  return code === NUMERIC.ERR_UNAVAILRESOURCE ? 'try-again' : 'forbidden';
}
