// Remote read receipts move the ghost's receipt. They are not kept: a later one says all that an earlier one did.

import type { Bridge } from '../bridge.ts';
import type { RemoteEvent } from '../network.ts';
import type { Teller } from './carried.ts';
import { isOwnVoice, userOf } from './message.ts';

/** Marks what a ghost has read, as far as the room has it. */
export async function readFromRemote(
  bridge: Bridge,
  login: Teller,
  event: Extract<RemoteEvent, { t: 'read' }>,
): Promise<void> {
  const portal = bridge.portals.of(event.chat);
  const msg = 'upTo' in event ? event.upTo : event.only.at(-1);
  if (!portal || msg === undefined || isOwnVoice(bridge, login, event.from)) return;
  const row = bridge.messages.ofRemote(event.chat, msg).at(-1);
  if (row)
    await bridge.appservice.intent(bridge.ids.ghostOf(userOf(login, event.from))).markRead(portal.roomId, row.eventId);
}
