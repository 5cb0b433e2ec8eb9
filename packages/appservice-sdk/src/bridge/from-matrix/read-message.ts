// Reads the content of a Matrix message into the tree that networks take: HTML or plain text, media with a way to its bytes, what it
// answers and its thread as remote ids. Tolerant: what is not as the specification says is read as text.
// https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes

import type { MatrixEvent } from '../../receive/transaction.ts';
import type { Bridge } from '../bridge.ts';
import { htmlToAst, textToAst } from '../html-to-ast.ts';
import { matrixMedia } from '../matrix-media.ts';
import type { Block, Chat, MatrixMedia, Message, Part, Ref } from '../network.ts';

type Content = Readonly<Record<string, unknown>>;

const STYLES: Readonly<Record<string, 'notice' | 'emote'>> = { 'm.notice': 'notice', 'm.emote': 'emote' };
const MEDIA: Readonly<Record<string, MatrixMedia['kind']>> = {
  'm.image': 'image',
  'm.video': 'video',
  'm.audio': 'audio',
  'm.file': 'file',
};

/** The message of an event. */
export function readMessage(bridge: Bridge, chat: Chat, event: MatrixEvent): Message<MatrixMedia> {
  return { parts: [readPart(bridge, event.type, event.content)], ...readRelations(bridge, chat, event.content) };
}

/** The new message of an edit. */
export function readNewContent(bridge: Bridge, event: MatrixEvent): Message<MatrixMedia> {
  const content = event.content['m.new_content'];
  return {
    parts: [
      readPart(
        bridge,
        event.type,
        typeof content === 'object' && content !== null ? (content as Content) : event.content,
      ),
    ],
  };
}

function readPart(bridge: Bridge, type: string, content: Content): Part<MatrixMedia> {
  const msgtype = typeof content['msgtype'] === 'string' ? content['msgtype'] : 'm.text';
  const kind = type === 'm.sticker' ? 'sticker' : MEDIA[msgtype];
  const media = kind && matrixMedia(bridge, kind, content);
  if (media) {
    // A body beside a file name is a caption.
    const captioned = typeof content['filename'] === 'string' && content['filename'] !== content['body'];
    return captioned ? { media, blocks: readBlocks(bridge, content) } : { media };
  }
  const geo = msgtype === 'm.location' ? /^geo:(-?[\d.]+),(-?[\d.]+)/.exec(text(content['geo_uri'])) : null;
  if (geo) return { location: { lat: Number(geo[1]), lon: Number(geo[2]), label: text(content['body']) } };
  return { style: STYLES[msgtype] ?? 'text', blocks: readBlocks(bridge, content) };
}

function readBlocks(bridge: Bridge, content: Content): Block[] {
  const html = content['formatted_body'];
  if (content['format'] === 'org.matrix.custom.html' && typeof html === 'string') {
    return htmlToAst(html, {
      userOf: (mxid) =>
        bridge.logins.remoteUserOf(mxid) ?? (bridge.appservice.isOurs(mxid) ? bridge.ids.userOf(mxid) : undefined),
      chatOf: (room) => bridge.portals.byRoom(room)?.chat,
    });
  }
  const relates = content['m.relates_to'] as { 'm.in_reply_to'?: unknown } | undefined;
  return textToAst(
    relates?.['m.in_reply_to'] === undefined ? text(content['body']) : withoutFallback(text(content['body'])),
  );
}

/** Old clients quote what they answer at the head of the body: lines that begin with `> `, then an empty one. */
function withoutFallback(body: string): string {
  return body.replace(/^> <@[^>]+>.*(?:\n> .*)*\n\n?/, '');
}

function readRelations(bridge: Bridge, chat: Chat, content: Content): { replyTo?: Ref; thread?: string } {
  const relates = content['m.relates_to'];
  if (typeof relates !== 'object' || relates === null) return {};
  const { rel_type: kind, event_id: root, is_falling_back: fallingBack } = relates as Content;
  const answered = (relates as { 'm.in_reply_to'?: { event_id?: unknown } })['m.in_reply_to']?.event_id;
  const thread = kind === 'm.thread' ? refOf(bridge, chat, root) : undefined;
  const replyTo = thread !== undefined && fallingBack === true ? undefined : refOf(bridge, chat, answered);
  return {
    ...(replyTo === undefined ? {} : { replyTo }),
    ...(thread === undefined ? {} : { thread: typeof thread === 'string' ? thread : thread.msg }),
  };
}

function refOf(bridge: Bridge, chat: Chat, eventId: unknown): Ref | undefined {
  if (typeof eventId !== 'string') return undefined;
  const row = bridge.messages
    .ofEvent(eventId)
    .find((candidate) => JSON.stringify(candidate.chat) === JSON.stringify(chat));
  if (!row) return undefined;
  return row.part === '' ? row.msg : { msg: row.msg, part: row.part };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
