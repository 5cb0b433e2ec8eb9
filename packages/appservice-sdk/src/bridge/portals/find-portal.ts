// The room of a chat, made when there is none. Several who ask at once get the same one.

import type { Bridge } from '../bridge.ts';
import type { Chat } from '../network.ts';
import { chatKey } from '../remote-ids.ts';
import type { Portal } from '../store/portals.ts';
import { createPortal } from './create-portal.ts';

/** The portal of a chat. */
export async function findPortal(bridge: Bridge, chat: Chat): Promise<Portal> {
  return (
    bridge.portals.of(chat) ??
    (await bridge.once(
      `portal ${chatKey(chat)}`,
      async () => bridge.portals.of(chat) ?? (await createPortal(bridge, chat)),
    ))
  );
}
