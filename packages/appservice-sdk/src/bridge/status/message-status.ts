// Tells how an event ended, where people see it: a failure as a notice that answers the event and as a status event for clients that
// show it on the message itself (MSC2695's com.beeper.message_send_status); a delivery only where the configuration wants it.

import type { Bridge } from '../bridge.ts';
import type { Failure } from '../network.ts';
import type { Outgoing } from '../from-matrix/delivery.ts';

const STATUS = 'com.beeper.message_send_status';
const WORDS: Readonly<Record<Failure, string>> = {
  login: 'com.beeper.no_permission',
  forbidden: 'com.beeper.no_permission',
  'too-big': 'com.beeper.too_big',
  unsupported: 'com.beeper.unsupported_event',
  'not-found': 'com.beeper.undecryptable_event',
  rate: 'com.beeper.network_error',
  'try-again': 'com.beeper.network_error',
  unknown: 'm.bridge_unknown_error',
};

/** Tells a failure. What cannot be told is logged: it must not become a failure itself. */
export async function tellFailure(bridge: Bridge, out: Outgoing, why: Failure, text: string): Promise<void> {
  const { event_id: eventId } = out.event;
  const body = `\u26a0\ufe0f Not delivered to ${bridge.network.name}: ${text}`;
  const reply = { 'm.in_reply_to': { event_id: eventId } };
  await quietly(bridge, out, async () => {
    const { bot } = bridge.appservice;
    await bot.sendEvent(
      out.roomId,
      'm.room.message',
      { msgtype: 'm.notice', body, 'm.relates_to': reply, 'm.mentions': {} },
      { key: `failed ${eventId}` },
    );
    const status = { status: 'FAIL_PERMANENT', reason: WORDS[why], message: text };
    await bot.sendEvent(out.roomId, STATUS, about(bridge, eventId, status), { key: `status ${eventId}` });
  });
}

/** Tells a delivery, if it is to be told. */
export async function tellDelivered(bridge: Bridge, out: Outgoing): Promise<void> {
  if (bridge.config.statusEvents !== 'all') return;
  const { event_id: eventId } = out.event;
  await quietly(bridge, out, async () => {
    await bridge.appservice.bot.sendEvent(out.roomId, STATUS, about(bridge, eventId, { status: 'SUCCESS' }), {
      key: `status ${eventId}`,
    });
  });
}

function about(bridge: Bridge, eventId: string, status: Record<string, unknown>): Record<string, unknown> {
  return { network: bridge.network.id, ...status, 'm.relates_to': { rel_type: 'm.reference', event_id: eventId } };
}

async function quietly(bridge: Bridge, out: Outgoing, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    bridge.log.warn('the outcome of an event could not be told', {
      event_id: out.event.event_id,
      error: String(error),
    });
  }
}
