// A remote join, part, kick, ban or invitation: the ghost does the like. Our own logins come and go without showing: their Matrix users
// are in the room already.

import type { Bridge } from '../bridge.ts';
import type { Carried, Remember } from './carried.ts';
import type { RemoteEvent } from '../network.ts';
import { joinGhost, removeGhost } from '../portals/members.ts';
import { findPortal } from '../portals/find-portal.ts';
import { isOwnVoice, userOf } from './message.ts';

/** Carries one change of membership. */
export async function memberFromRemote(
  bridge: Bridge,
  { login, event }: Carried<Extract<RemoteEvent, { t: 'member' }>>,
): Promise<Remember> {
  if (isOwnVoice(bridge, login, event.user)) return undefined;
  const portal = await findPortal(bridge, event.chat);
  const user = userOf(login, event.user);
  if (event.to === 'join') await joinGhost(bridge, portal, user);
  else if (event.to === 'invite') await bridge.appservice.bot.invite(portal.roomId, bridge.ids.ghostOf(user));
  else if (event.to !== 'knock')
    await removeGhost(bridge, portal, user, { ban: event.to === 'ban', reason: event.reason });
  return undefined;
}
