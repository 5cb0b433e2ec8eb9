// A Matrix user invites a ghost into a room of their own: a private chat with that remote person, where the network lets one begin.
// The ghost joins, the room becomes the chat's; else it declines and says why.

import type { MatrixEvent } from '../../receive/transaction.ts';
import type { Bridge } from '../bridge.ts';
import type { Chat, UserId } from '../network.ts';
import { SendFailure } from '../send-failure.ts';
import { attempt } from './attempt.ts';
import { displayName, openSession } from './sender.ts';

/** The remote user whom the event invites into a room that is no portal. */
export function invitedGhost(bridge: Bridge, event: MatrixEvent): UserId | undefined {
  const { state_key: ghost, content } = event;
  if (event.type !== 'm.room.member' || content['membership'] !== 'invite' || ghost === undefined) return undefined;
  return bridge.portals.byRoom(event.room_id) ? undefined : bridge.ids.userOf(ghost);
}

/** Begins the private chat. */
export async function acceptInvitation(bridge: Bridge, event: MatrixEvent, user: UserId): Promise<void> {
  const ghost = bridge.appservice.intent(bridge.ids.ghostOf(user));
  try {
    const chat = await beginChat(bridge, event, user);
    await ghost.ensureJoined(event.room_id);
    await bridge.portals.put({ chat, roomId: event.room_id, name: null, topic: null });
  } catch (error) {
    const why = error instanceof SendFailure ? error.message : 'the bridge could not begin the chat';
    bridge.log.info('an invitation of a ghost was declined', { room: event.room_id, error: String(error) });
    await ghost.leave(event.room_id, why);
    return;
  }
  try {
    // The bot tells what cannot be delivered; a room that does not let it in goes without.
    await ghost.invite(event.room_id, bridge.appservice.bot.userId);
    await bridge.appservice.bot.ensureJoined(event.room_id);
  } catch (error) {
    bridge.log.debug('the bot is not in a private chat', { room: event.room_id, error: String(error) });
  }
}

async function beginChat(bridge: Bridge, event: MatrixEvent, user: UserId): Promise<Chat> {
  const { network } = bridge;
  if (!network.to.create) throw new SendFailure('unsupported', `private chats on ${network.name} are not begun here`);
  const entry = await bridge.logins.ofMatrixUser(event.sender, () => displayName(bridge, event.sender));
  if (!entry) throw new SendFailure('login', `you have no login on ${network.name}`);
  const release = bridge.logins.hold(entry);
  try {
    const session = await openSession(bridge, entry);
    const about = { bridge, entry, relay: undefined, key: event.event_id, attempts: 0, event };
    const chat = await attempt(
      about,
      async (context) => await network.to.create?.(session, { kind: 'dm', users: [user] }, context),
    );
    if (chat === undefined) throw new SendFailure('unknown', `${network.name} did not say which chat it is`);
    return chat;
  } finally {
    release();
  }
}
