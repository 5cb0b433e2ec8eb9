// A remote removal: every event of the message, or of one part, is redacted; by the ghost that sent it when it is its own, else by the bot.

import type { Bridge } from '../bridge.ts';
import type { Carried, Remember } from './carried.ts';
import type { RemoteEvent } from '../network.ts';
import { findPortal } from '../portals/find-portal.ts';
import { msgOf, partOf } from '../store/messages.ts';
import { isOwnVoice, userOf } from './message.ts';

/** Carries one removal; one that only its owner sees is not shown. */
export async function removalFromRemote(
  bridge: Bridge,
  { login, event, key }: Carried<Extract<RemoteEvent, { t: 'remove' }>>,
): Promise<Remember> {
  if (event.forMeOnly || isOwnVoice(bridge, login, event.from)) return undefined;
  const part = partOf(event.target);
  const rows = bridge.messages
    .ofRemote(event.chat, msgOf(event.target))
    .filter((row) => part === undefined || row.part === part);
  if (rows.length === 0) return undefined;
  const portal = await findPortal(bridge, event.chat);
  const remover = bridge.ids.ghostOf(userOf(login, event.from));
  for (const row of rows) {
    const by = row.sender === remover ? bridge.appservice.intent(remover) : bridge.appservice.bot;
    await by.redact(portal.roomId, row.eventId, { key: `${key} ${row.part}`, ts: event.at?.getTime() });
  }
  return () => rows.forEach((row) => bridge.messages.drop(row.eventId));
}
