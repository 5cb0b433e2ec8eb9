// A remote edit: the parts that changed are replaced, new ones are sent, removed ones are redacted, all by the ghost that said them.

import type { Bridge } from '../bridge.ts';
import type { Carried, Remember } from './carried.ts';
import type { Part, RemoteEvent } from '../network.ts';
import { ensureGhost } from '../people/ghost.ts';
import { findPortal } from '../portals/find-portal.ts';
import type { MessageRow } from '../store/messages.ts';
import { isOwnVoice, partContent, partIdOf, userOf } from './message.ts';

type Edit = Extract<RemoteEvent, { t: 'edit' }>;

/** Carries one edit; one of a message that the room does not have is left out. */
export async function editFromRemote(bridge: Bridge, { login, event, key }: Carried<Edit>): Promise<Remember> {
  const known = bridge.messages.ofRemote(event.chat, event.id);
  if (known.length === 0 || isOwnVoice(bridge, login, event.from)) return undefined;
  const portal = await findPortal(bridge, event.chat);
  const ghost = await ensureGhost(bridge, userOf(login, event.from));
  const ts = event.at?.getTime();
  const added: MessageRow[] = [];
  const removed: string[] = [];
  for (const [partId, part] of partsOf(event)) {
    const row = known.find((candidate) => candidate.part === partId);
    const options = { key: `${key} ${partId}`, ts };
    if (part === null) {
      if (!row) continue;
      await bridge.appservice.bot.redact(portal.roomId, row.eventId, options);
      removed.push(row.eventId);
      continue;
    }
    const content = partContent(bridge, part);
    const eventId = await ghost.sendEvent(
      portal.roomId,
      'm.room.message',
      row ? replacement(row.eventId, content) : content,
      options,
    );
    if (!row)
      added.push({
        chat: event.chat,
        msg: event.id,
        part: partId,
        eventId,
        sender: ghost.userId,
        ts: ts ?? bridge.clock.now(),
      });
  }
  return () => {
    added.forEach((row) => bridge.messages.put(row));
    removed.forEach((eventId) => bridge.messages.drop(eventId));
  };
}

function partsOf(event: Edit): [string, Part | null][] {
  return Array.isArray(event.parts)
    ? event.parts.map((part, index) => [partIdOf(part, index), part])
    : Object.entries(event.parts);
}

/** Clients that know no edits show the body, marked by a star; a formatted one too. */
function replacement(eventId: string, content: Record<string, unknown>): Record<string, unknown> {
  const formatted = content['formatted_body'];
  return {
    ...content,
    body: `* ${String(content['body'])}`,
    ...(typeof formatted === 'string' ? { formatted_body: `* ${formatted}` } : {}),
    'm.new_content': content,
    'm.relates_to': { rel_type: 'm.replace', event_id: eventId },
  };
}
