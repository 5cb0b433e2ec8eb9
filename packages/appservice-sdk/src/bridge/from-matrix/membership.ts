// Membership from Matrix: somebody with a connection of their own leaves the chat with the room; a moderator who kicks, bans or invites
// a ghost does so on the network, where it has that. The rest concerns Matrix alone.

import { attempt } from './attempt.ts';
import { type Delivery, type Outcome, absent, attemptOf } from './delivery.ts';

/** Sends a change of membership. */
export async function sendMembership(delivery: Delivery): Promise<Outcome> {
  const { bridge, out, session, relay } = delivery;
  const { event } = out;
  const { to } = bridge.network;
  const user = event.state_key === undefined ? undefined : bridge.ids.userOf(event.state_key);
  if (user === undefined) {
    if (!relay) await attempt(attemptOf(delivery), async (context) => await to.leave?.(session, out.chat, context));
    return { outcome: 'delivered' };
  }
  const verb = verbOf(event.content['membership'], event.unsigned?.['prev_content']);
  if (verb === undefined) return { outcome: 'delivered' };
  if (!to.member) return await absent(delivery, 'member');
  const reason = typeof event.content['reason'] === 'string' ? { reason: event.content['reason'] } : {};
  await attempt(
    attemptOf(delivery),
    async (context) => await to.member?.(session, { chat: out.chat, user, to: verb, ...reason }, context),
  );
  return { outcome: 'delivered' };
}

/** Whether an event of this type concerns the network at all: asked before it is kept. */
export function concernsNetwork(
  event: { sender: string; state_key?: string; content: Readonly<Record<string, unknown>> },
  isOurs: (userId: string) => boolean,
): boolean {
  const { membership } = event.content;
  if (event.state_key === undefined) return false;
  return isOurs(event.state_key) || (event.state_key === event.sender && membership === 'leave');
}

function verbOf(membership: unknown, before: unknown): 'invite' | 'kick' | 'ban' | 'unban' | undefined {
  if (membership === 'invite' || membership === 'ban') return membership;
  if (membership !== 'leave') return undefined;
  const was =
    typeof before === 'object' && before !== null ? (before as { membership?: unknown }).membership : undefined;
  return was === 'ban' ? 'unban' : 'kick';
}
