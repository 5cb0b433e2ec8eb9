// A Matrix redaction: of a message, the remote one is removed, all its pieces; of a reaction, that is taken back. Of anything else, or of
// what the network never had, there is nothing to do.

import { text } from '../define-network.ts';
import { sendTree } from './message.ts';
import { attempt } from './attempt.ts';
import { type Delivery, type Outcome, absent, attemptOf } from './delivery.ts';

/** Sends a redaction. */
export async function sendRedaction(delivery: Delivery): Promise<Outcome> {
  const { bridge, outbox, out, session } = delivery;
  const { event } = out;
  const redacted = typeof event.content['redacts'] === 'string' ? event.content['redacts'] : event.redacts;
  if (redacted === undefined) return { outcome: 'unsupported', text: 'it does not say what it redacts', tell: false };
  await outbox.ended(redacted);
  const { to } = bridge.network;
  const reaction = bridge.messages.reactionOfEvent(redacted);
  if (reaction) {
    const { chat, target, key } = reaction;
    if (!to.react) return await absent(delivery, 'react');
    await attempt(
      attemptOf(delivery),
      async (context) => await to.react?.(session, { chat, target, key, on: false }, context),
    );
    return { outcome: 'delivered', remember: () => bridge.messages.dropReaction(redacted) };
  }
  const rows = bridge.messages.ofEvent(redacted);
  if (rows.length === 0) return { outcome: 'delivered' };
  if (!to.remove) {
    const [part] = text('removed a message').parts;
    return await absent(delivery, 'remove', () =>
      sendTree(delivery, { parts: [{ blocks: part?.blocks ?? [], style: 'emote' }] }),
    );
  }
  const reason = typeof event.content['reason'] === 'string' ? { reason: event.content['reason'] } : {};
  for (const row of rows) {
    const target = row.part === '' ? row.msg : { msg: row.msg, part: row.part };
    await attempt(
      attemptOf(delivery),
      async (context) => await to.remove?.(session, { chat: out.chat, target, ...reason }, context),
    );
  }
  return { outcome: 'delivered', remember: () => bridge.messages.drop(redacted) };
}
