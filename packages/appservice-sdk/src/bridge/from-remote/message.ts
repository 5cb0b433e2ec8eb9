// A remote message becomes events: one per part, sent by the ghost with the remote time. What we said ourselves and hear again is left
// out: by the send's key (inbox.ts), by the id that the send returned, and by the voice of a login that only the bridge uses.

import type { SendOptions } from '../../intent/intent.ts';
import { astToHtml } from '../ast-to-html.ts';
import type { Bridge } from '../bridge.ts';
import { plain } from '../define-network.ts';
import type { Carried, Remember, Teller } from './carried.ts';
import type { Chat, Message, Part, RemoteEvent, Who } from '../network.ts';
import { ensureGhost } from '../people/ghost.ts';
import { findPortal } from '../portals/find-portal.ts';
import { chatKey } from '../remote-ids.ts';
import { type MessageRow, msgOf, partOf } from '../store/messages.ts';

type Said = Extract<RemoteEvent, { t: 'message' }>;

/** Carries one message. */
export async function messageFromRemote(bridge: Bridge, { login, event }: Carried<Said>): Promise<Remember> {
  const { chat, id } = event;
  const user = userOf(login, event.from);
  if (isOwnVoice(bridge, login, event.from)) return undefined;
  if (bridge.messages.ofRemote(chat, id).length > 0) return undefined;
  const portal = await findPortal(bridge, chat);
  const ghost = await ensureGhost(bridge, user);
  const rows: MessageRow[] = [];
  const ts = event.at?.getTime() ?? bridge.clock.now();
  for (const [index, part] of event.message.parts.entries()) {
    const partId = partIdOf(part, index);
    const content = { ...partContent(bridge, part), ...relations(bridge, chat, event.message, index) };
    // Named by the remote id: a network that says it again after a crash says the same thing.
    const options: SendOptions = {
      key: `${bridge.network.id} ${chatKey(chat)} ${id} ${partId}`,
      ts: event.at?.getTime(),
    };
    const eventId = await ghost.sendEvent(portal.roomId, 'm.room.message', content, options);
    rows.push({ chat, msg: id, part: partId, eventId, sender: ghost.userId, ts });
  }
  return () => rows.forEach((row) => bridge.messages.put(row));
}

/** The remote user that an event is from. */
export function userOf(login: Teller, who: Who): string {
  return who === 'me' ? login.self : who;
}

/** Whether it is one of the bridge's own logins that is heard, through itself or through the listener. */
export function isOwnVoice(bridge: Bridge, login: Teller, who: Who): boolean {
  return bridge.logins.isOurVoice(userOf(login, who));
}

/** The id of a part: its own, or its place. */
export function partIdOf(part: Part, index: number): string {
  return part.id ?? (index === 0 ? '' : String(index));
}

/** The content of m.room.message for one part. Media that the kit cannot carry yet is named, with its link. */
export function partContent(bridge: Bridge, part: Part): Record<string, unknown> {
  const names = {
    mxidOf: (user: string) => bridge.logins.matrixUserOf(user) ?? bridge.ids.ghostOf(user),
    roomOf: (chat: Chat) => bridge.portals.of(chat)?.roomId,
  };
  const msgtype = part.style === 'notice' ? 'm.notice' : part.style === 'emote' ? 'm.emote' : 'm.text';
  if (part.location) {
    const { lat, lon } = part.location;
    return { msgtype: 'm.location', body: plain({ parts: [part] }), geo_uri: `geo:${lat},${lon}`, 'm.mentions': {} };
  }
  const { html, formatted, mentions } = astToHtml(part.blocks ?? [], names);
  const body = plain({ parts: [part] });
  const only = part.blocks !== undefined && !part.media && !part.contact && !part.poll;
  return {
    msgtype,
    body,
    ...(formatted && only ? { format: 'org.matrix.custom.html', formatted_body: html } : {}),
    'm.mentions': mentions,
  };
}

function relations(bridge: Bridge, chat: Chat, message: Message, index: number): Record<string, unknown> {
  const eventOf = (msg: string, part?: string): string | undefined => {
    const rows = bridge.messages.ofRemote(chat, msg);
    return (rows.find((row) => row.part === part) ?? rows[0])?.eventId;
  };
  const answered =
    message.replyTo !== undefined && index === 0 ? eventOf(msgOf(message.replyTo), partOf(message.replyTo)) : undefined;
  const root = message.thread === undefined ? undefined : eventOf(message.thread);
  if (answered === undefined && root === undefined) return {};
  return {
    'm.relates_to': {
      ...(root === undefined ? {} : { rel_type: 'm.thread', event_id: root, is_falling_back: answered === undefined }),
      ...(answered === undefined && root === undefined ? {} : { 'm.in_reply_to': { event_id: answered ?? root } }),
    },
  };
}
