// A Matrix reaction goes out as the network's own, or as an action that tells of it.

import { text } from '../define-network.ts';
import { SendFailure } from '../send-failure.ts';
import { sendTree } from './message.ts';
import { attempt } from './attempt.ts';
import { type Delivery, type Outcome, absent, attemptOf, targetOf } from './delivery.ts';

/** Sends a reaction. */
export async function sendReaction(delivery: Delivery): Promise<Outcome> {
  const { bridge, out, entry, session } = delivery;
  const relation = out.event.content['m.relates_to'] as { event_id?: unknown; key?: unknown } | undefined;
  const key = relation?.key;
  if (typeof key !== 'string' || key === '') throw new SendFailure('unsupported', 'the reaction says nothing');
  const { to } = bridge.network;
  if (!to.react) {
    const [part] = text(`reacted with ${key}`).parts;
    return await absent(delivery, 'react', () =>
      sendTree(delivery, { parts: [{ blocks: part?.blocks ?? [], style: 'emote' }] }),
    );
  }
  const target = await targetOf(delivery, relation?.event_id);
  await attempt(
    attemptOf(delivery),
    async (context) => await to.react?.(session, { chat: out.chat, target, key, on: true }, context),
  );
  const row = { eventId: out.event.event_id, chat: out.chat, target, user: entry.login.self, key };
  return { outcome: 'delivered', remember: () => bridge.messages.putReaction(row) };
}
