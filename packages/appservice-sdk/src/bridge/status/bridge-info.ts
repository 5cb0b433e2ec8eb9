// Tells clients that a room is a bridge's: to which network and which chat (MSC2346, under its two names in use).

import type { Bridge } from '../bridge.ts';
import type { Chat } from '../network.ts';
import { chatColumns } from '../remote-ids.ts';

/** The state events, as createRoom's initial_state takes them. */
export function bridgeInfo(bridge: Bridge, chat: Chat): object[] {
  const { id } = chatColumns(chat);
  const content = {
    bridgebot: bridge.appservice.bot.userId,
    protocol: { id: bridge.network.id, displayname: bridge.network.name },
    channel: { id, displayname: id },
  };
  const stateKey = `pons://${bridge.network.id}/${encodeURIComponent(id)}`;
  return ['m.bridge', 'uk.half-shot.bridge'].map((type) => ({ type, state_key: stateKey, content }));
}
