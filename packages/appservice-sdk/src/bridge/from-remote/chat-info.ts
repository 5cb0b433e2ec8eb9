// What the network says of a chat: name and topic become state when they differ, members become ghosts, and a chat that is gone says so.

import { isRefusal } from '../../client/call-error.ts';
import type { Bridge } from '../bridge.ts';
import type { Carried, Remember } from './carried.ts';
import type { RemoteEvent } from '../network.ts';
import { findPortal } from '../portals/find-portal.ts';
import { setMembers } from '../portals/members.ts';
import type { Portal } from '../store/portals.ts';

/** Carries a change of a chat, or its end. */
export async function chatFromRemote(
  bridge: Bridge,
  { event, key }: Carried<Extract<RemoteEvent, { t: 'chat' | 'gone' }>>,
): Promise<Remember> {
  const portal = await findPortal(bridge, event.chat);
  if (event.t === 'gone') {
    if (event.forMeOnly) return undefined;
    const body = `This chat is no more on ${bridge.network.name}.`;
    await bridge.appservice.bot.sendEvent(
      portal.roomId,
      'm.room.message',
      { msgtype: 'm.notice', body, 'm.mentions': {} },
      { key },
    );
    return undefined;
  }
  const { name, topic, members } = event.info;
  const changed: Portal = {
    ...portal,
    ...(name === undefined ? {} : { name }),
    ...(topic === undefined ? {} : { topic }),
  };
  if (changed.name !== portal.name) await setState(bridge, portal, 'm.room.name', { name: changed.name ?? '' });
  if (changed.topic !== portal.topic) await setState(bridge, portal, 'm.room.topic', { topic: changed.topic ?? '' });
  if (changed.name !== portal.name || changed.topic !== portal.topic) await bridge.portals.put(changed);
  if (members) await setMembers(bridge, portal, members);
  return undefined;
}

/** In a room that is not ours the bot may lack the power; then the room keeps its own. */
async function setState(bridge: Bridge, portal: Portal, type: string, content: Record<string, unknown>): Promise<void> {
  try {
    await bridge.appservice.bot.sendState(portal.roomId, type, '', content);
  } catch (error) {
    if (!isRefusal(error, 'M_FORBIDDEN')) throw error;
    bridge.log.info('the bot may not change the room', { room: portal.roomId, type });
  }
}
