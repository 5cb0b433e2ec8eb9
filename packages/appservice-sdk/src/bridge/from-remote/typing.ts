// Remote typing is shown for as long as the network says. It is not kept: late it means nothing.

import type { Bridge } from '../bridge.ts';
import type { RemoteEvent } from '../network.ts';
import type { Teller } from './carried.ts';
import { isOwnVoice, userOf } from './message.ts';

/** Shows or hides that a ghost types; in a room that is not there yet nobody does. */
export async function typingFromRemote(
  bridge: Bridge,
  login: Teller,
  event: Extract<RemoteEvent, { t: 'typing' }>,
): Promise<void> {
  const portal = bridge.portals.of(event.chat);
  if (!portal || isOwnVoice(bridge, login, event.from)) return;
  const ghost = bridge.appservice.intent(bridge.ids.ghostOf(userOf(login, event.from)));
  await ghost.setTyping(portal.roomId, event.forMs > 0, event.forMs);
}
