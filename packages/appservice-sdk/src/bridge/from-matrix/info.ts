// A room's new name or topic goes out where the network lets people set it.

import { attempt } from './attempt.ts';
import { type Delivery, type Outcome, absent, attemptOf } from './delivery.ts';

/** The state types that are carried. */
export const INFO_TYPES: ReadonlySet<string> = new Set(['m.room.name', 'm.room.topic']);

/** Sends a change of a room's description. */
export async function sendInfo(delivery: Delivery): Promise<Outcome> {
  const { bridge, out, session } = delivery;
  const { to } = bridge.network;
  if (!to.info) return await absent(delivery, 'info');
  const field = out.event.type === 'm.room.name' ? 'name' : 'topic';
  const value = out.event.content[field];
  const set = { [field]: typeof value === 'string' && value !== '' ? value : null };
  await attempt(attemptOf(delivery), async (context) => await to.info?.(session, { chat: out.chat, set }, context));
  const portal = bridge.portals.of(out.chat);
  if (portal) await bridge.portals.put({ ...portal, ...set });
  return { outcome: 'delivered' };
}
