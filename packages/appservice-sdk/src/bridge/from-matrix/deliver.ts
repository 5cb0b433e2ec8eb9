// One event of a Matrix user goes out: the login is found (their own, one made for them, or the listener as relay), the connection is
// opened, and the verb that the event means is called. An absent verb takes what the network declared: a readable message, nothing, or
// a refusal. Called by outbox.ts, which retries and remembers.

import type { Bridge } from '../bridge.ts';
import type { LoginEntry } from '../people/login.ts';
import { SendFailure } from '../send-failure.ts';
import type { Delivery, Outbox, Outcome, Outgoing } from './delivery.ts';
import { displayName, openSession } from './sender.ts';
import { sendEdit } from './edit.ts';
import { sendInfo } from './info.ts';
import { sendMembership } from './membership.ts';
import { sendMessage } from './message.ts';
import { sendReaction } from './reaction.ts';
import { sendRedaction } from './redaction.ts';

/** Sends one event; throws SendFailure. */
export async function deliver(bridge: Bridge, outbox: Outbox, out: Outgoing): Promise<Outcome> {
  const { sender } = out.event;
  const name = (): Promise<string> => displayName(bridge, sender);
  const own = await loginOf(bridge, sender, name);
  const entry = own ?? bridge.logins.relay();
  if (!entry) throw new SendFailure('login', `you are not logged in to ${bridge.network.name}`);
  const release = bridge.logins.hold(entry);
  try {
    const session = await openSession(bridge, entry);
    const relay = own ? undefined : { user: sender, name: await name() };
    return await call({ bridge, outbox, out, entry, session, relay });
  } finally {
    release();
  }
}

function call(delivery: Delivery): Promise<Outcome> {
  const { event } = delivery.out;
  const relation = event.content['m.relates_to'] as { rel_type?: unknown } | undefined;
  switch (event.type) {
    case 'm.room.message':
      return relation?.rel_type === 'm.replace' ? sendEdit(delivery) : sendMessage(delivery);
    case 'm.sticker':
      return sendMessage(delivery);
    case 'm.reaction':
      return sendReaction(delivery);
    case 'm.room.redaction':
      return sendRedaction(delivery);
    case 'm.room.member':
      return sendMembership(delivery);
    case 'm.room.encrypted':
      throw new SendFailure('unsupported', 'the bridge cannot read encrypted messages');
    default:
      return sendInfo(delivery);
  }
}

async function loginOf(bridge: Bridge, sender: string, name: () => Promise<string>): Promise<LoginEntry | undefined> {
  try {
    return await bridge.logins.ofMatrixUser(sender, name);
  } catch (error) {
    throw error instanceof SendFailure
      ? error
      : new SendFailure('login', error instanceof Error ? error.message : String(error));
  }
}
