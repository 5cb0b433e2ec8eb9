// Where events of Matrix enter the kit: those of portal rooms by people are kept in the outbox, what is only of the moment goes to the
// network at once or not at all. Our own ghosts and bot are never carried: they said what came from the network.

import type { MatrixEvent } from '../../receive/transaction.ts';
import type { Bridge } from '../bridge.ts';
import { acceptInvitation, invitedGhost } from './invitation.ts';
import { INFO_TYPES } from './info.ts';
import { concernsNetwork } from './membership.ts';
import type { Outbox } from './delivery.ts';

const KEPT = new Set(['m.room.message', 'm.sticker', 'm.reaction', 'm.room.redaction', 'm.room.encrypted']);

/** Takes one event; resolves when it is kept. */
export async function receiveFromMatrix(bridge: Bridge, outbox: Outbox, event: MatrixEvent): Promise<void> {
  const isOurs = (userId: string): boolean => bridge.appservice.isOurs(userId);
  if (isOurs(event.sender)) return;
  const invited = invitedGhost(bridge, event);
  if (invited !== undefined) return await acceptInvitation(bridge, event, invited);
  const portal = bridge.portals.byRoom(event.room_id);
  if (!portal) return;
  const member = event.type === 'm.room.member' && concernsNetwork(event, isOurs);
  const info = INFO_TYPES.has(event.type) && event.state_key === '';
  // Somebody who never spoke has no connection, and none is opened to say that they leave.
  if (member && event.state_key === event.sender && bridge.logins.remoteUserOf(event.sender) === undefined) return;
  if (KEPT.has(event.type) || member || info) await outbox.accept(event, portal.chat);
}

/** Carries typing of people who are connected, where the network has it. */
export function receiveEphemeral(bridge: Bridge, typing: Map<string, Set<string>>, event: MatrixEvent): void {
  const { to } = bridge.network;
  const portal = event.type === 'm.typing' ? bridge.portals.byRoom(event.room_id) : undefined;
  const users = event.content['user_ids'];
  if (!to.typing || !portal || !Array.isArray(users)) return;
  const now = new Set(
    users.filter((user): user is string => typeof user === 'string' && !bridge.appservice.isOurs(user)),
  );
  const before = typing.get(event.room_id) ?? new Set<string>();
  if (now.size === 0) typing.delete(event.room_id);
  else typing.set(event.room_id, now);
  for (const user of new Set([...now, ...before])) {
    if (now.has(user) === before.has(user)) continue;
    const entry = bridge.logins.connectedOf(user);
    const session = entry && bridge.logins.openSession(entry);
    session?.then(
      (opened) => to.typing?.(opened, { chat: portal.chat, on: now.has(user) }),
      () => undefined, // a connection that failed has nobody to tell
    );
  }
}
