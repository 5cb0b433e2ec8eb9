// A Matrix message goes out: read into the tree, named when it is relayed, cut when it is too long, sent piece by piece. Each piece that
// is out is remembered at once, so a crash in the middle goes on where it was.

import type { Bridge } from '../bridge.ts';
import type { MatrixMedia, Message, MsgId, Sent } from '../network.ts';
import { relayed } from '../people/relay.ts';
import { SendFailure } from '../send-failure.ts';
import { messageFits, splitMessage } from '../split-message.ts';
import { chatColumns } from '../remote-ids.ts';
import { readMessage } from './read-message.ts';
import { attempt } from './attempt.ts';
import { type Delivery, type Outcome, type Outgoing, keyOfPiece, attemptOf } from './delivery.ts';

/** Sends the event's message. */
export function sendMessage(delivery: Delivery): Promise<Outcome> {
  const { bridge, out } = delivery;
  return sendTree(delivery, readMessage(bridge, out.chat, out.event));
}

/** Sends a message that stands for the event. */
export async function sendTree(delivery: Delivery, message: Message<MatrixMedia>): Promise<Outcome> {
  const { bridge, out } = delivery;
  const pieces = cut(bridge, delivery.relay ? relayed(message, delivery.relay.name) : message);
  for (; out.pieces < pieces.length; ) {
    const piece = out.pieces;
    const ids = await sendPiece(delivery, pieces[piece]!, keyOfPiece(out.event.event_id, piece));
    await remember(bridge, out, ids);
    out.pieces++;
  }
  return { outcome: 'delivered' };
}

async function sendPiece(delivery: Delivery, message: Message<MatrixMedia>, key: string): Promise<MsgId[]> {
  const { bridge, outbox, out, session } = delivery;
  const before = await sentBefore(delivery, key);
  if (before !== undefined) return [before];
  outbox.expect(key);
  try {
    const sent = await attempt<Sent>(attemptOf(delivery, key), (context) =>
      bridge.network.to.message(session, { chat: out.chat, message }, context),
    );
    if ('id' in sent) return [sent.id, ...(sent.also ?? [])];
    return [await outbox.confirmed(out, key, sent.forMs)];
  } finally {
    outbox.forget(key);
  }
}

/** After a restart: whether the piece went out before it. */
async function sentBefore({ bridge, outbox, out, session }: Delivery, key: string): Promise<MsgId | undefined> {
  if (!out.resumed) return undefined;
  // Asked for the first piece that is not known to be out; those after it were never begun.
  out.resumed = false;
  const known = await bridge.network.get?.wasSent?.(session, { chat: out.chat, key, since: new Date(out.receivedTs) });
  if (known !== null && known !== undefined) return known;
  return out.accepted ? await outbox.confirmed(out, key) : undefined;
}

async function remember(bridge: Bridge, out: Outgoing, ids: readonly MsgId[]): Promise<void> {
  const { id, receiver } = chatColumns(out.chat);
  await bridge.sqlite.write(() => {
    for (const msg of ids) {
      bridge.messages.put({
        chat: out.chat,
        msg,
        part: '',
        eventId: out.event.event_id,
        sender: out.event.sender,
        ts: out.event.origin_server_ts,
      });
    }
    bridge.sqlite.run(
      "update matrix_events set pieces = pieces + 1, state = 'waiting' where event_id = ? and chat_id = ? and receiver = ?",
      out.event.event_id,
      id,
      receiver,
    );
  });
}

function cut(bridge: Bridge, message: Message<MatrixMedia>): Message<MatrixMedia>[] {
  const limit = bridge.network.limits?.text;
  if (!limit) return [message];
  if (limit.over === 'refuse' && !messageFits(message, limit))
    throw new SendFailure('too-big', `${bridge.network.name} takes at most ${limit.max} ${limit.unit}`);
  return splitMessage(message, limit);
}
