// A Matrix edit goes out as the network's own, or as a message that says it corrects one.

import { textInline } from '../message-ast.ts';
import type { MatrixMedia, Message } from '../network.ts';
import { relayed } from '../people/relay.ts';
import { sendTree } from './message.ts';
import { readNewContent } from './read-message.ts';
import { attempt } from './attempt.ts';
import { type Delivery, type Outcome, absent, attemptOf, targetOf } from './delivery.ts';

/** Sends an edit. */
export async function sendEdit(delivery: Delivery): Promise<Outcome> {
  const { bridge, out, session, relay } = delivery;
  const message = readNewContent(bridge, out.event);
  const { to } = bridge.network;
  if (!to.edit) return await absent(delivery, 'edit', () => sendTree(delivery, corrected(message)));
  const target = await targetOf(delivery, (out.event.content['m.relates_to'] as { event_id?: unknown }).event_id);
  const edited = relay ? relayed(message, relay.name) : message;
  await attempt(
    attemptOf(delivery),
    async (context) => await to.edit?.(session, { chat: out.chat, target, message: edited }, context),
  );
  return { outcome: 'delivered' };
}

function corrected(message: Message<MatrixMedia>): Message<MatrixMedia> {
  const [part] = message.parts;
  const [first, ...rest] = part?.blocks ?? [];
  if (!part || !first || !('p' in first)) return message;
  return { ...message, parts: [{ ...part, blocks: [{ p: [...textInline('* '), ...first.p] }, ...rest] }] };
}
