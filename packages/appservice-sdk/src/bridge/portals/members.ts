// Who of the network should be in a room, as rows, and a slow hand that makes it so: single joins and parts happen at once, in their
// place between the messages; a whole list is worked through at a bounded rate beside them, and goes on after a restart.

import { sleep } from '../../client/clock.ts';
import { backoffMs } from '../../client/retry.ts';
import type { Bridge } from '../bridge.ts';
import type { ChatInfo, UserId } from '../network.ts';
import { ensureGhost } from '../people/ghost.ts';
import { chatColumns, chatKey } from '../remote-ids.ts';
import type { Portal } from '../store/portals.ts';

/** Joins and leaves of a list, per portal: a channel of 1,000 takes under a minute and leaves the homeserver room for messages. */
const LIST_CHANGES_PER_SECOND = 20;

/** The ghost is a member from now on. */
export async function joinGhost(bridge: Bridge, portal: Portal, user: UserId, nick?: string): Promise<void> {
  const ghost = await ensureGhost(bridge, user, nick);
  await want(bridge, portal, user, true);
  await ghost.ensureJoined(portal.roomId);
}

/** The ghost is no member any more; one that never was stays out. */
export async function removeGhost(
  bridge: Bridge,
  portal: Portal,
  user: UserId,
  how: { ban?: boolean; reason?: string | undefined },
): Promise<void> {
  const mxid = bridge.ids.ghostOf(user);
  await want(bridge, portal, user, false);
  if (how.ban) await bridge.appservice.bot.remove(portal.roomId, mxid, 'ban', how.reason);
  else if (bridge.appservice.knowsJoined(mxid, portal.roomId))
    await bridge.appservice.intent(mxid).leave(portal.roomId, how.reason);
}

/** Takes over a list of members; a full one also removes who is not on it. */
export async function setMembers(bridge: Bridge, portal: Portal, members: ChatInfo['members']): Promise<void> {
  const { id, receiver } = chatColumns(portal.chat);
  const { sqlite } = bridge;
  await sqlite.write(() => {
    if (!members.partial) sqlite.run('update members set wanted = 0 where chat_id = ? and receiver = ?', id, receiver);
    for (const user of Object.keys(members.list)) {
      if (!bridge.logins.isOurVoice(user)) put(bridge, portal, user, true);
    }
  });
  const nicks = new Map(Object.entries(members.list).map(([user, { nick }]) => [user, nick]));
  void reconcileMembers(bridge, portal, nicks);
}

/** Joins and removes ghosts until the room is as the rows say; one run per portal at a time. */
export async function reconcileMembers(
  bridge: Bridge,
  portal: Portal,
  nicks: ReadonlyMap<UserId, string | undefined> = new Map(),
): Promise<void> {
  await bridge.lanes.run(`members ${chatKey(portal.chat)}`, async () => {
    const { id, receiver } = chatColumns(portal.chat);
    const rows = bridge.sqlite.all<{ user_id: string }>(
      'select user_id from members where chat_id = ? and receiver = ?',
      id,
      receiver,
    );
    let attempt = 2;
    for (let index = 0; index < rows.length && !bridge.signal.aborted; ) {
      const user = rows[index]!.user_id;
      try {
        if (await reconcileOne(bridge, portal, user, nicks.get(user)))
          await sleep(bridge.clock, 1000 / LIST_CHANGES_PER_SECOND, bridge.signal);
        index++;
        attempt = 2;
      } catch (error) {
        if (bridge.token.mayPass(error))
          await sleep(bridge.clock, backoffMs(attempt++, bridge.random()), bridge.signal);
        else {
          bridge.log.warn('a member of a list cannot be carried over', { room: portal.roomId, error: String(error) });
          index++;
        }
      }
    }
  });
}

/** Answers whether something had to be done. The row is read again: a part may have overtaken the list. */
async function reconcileOne(bridge: Bridge, portal: Portal, user: UserId, nick: string | undefined): Promise<boolean> {
  const { id, receiver } = chatColumns(portal.chat);
  const row = bridge.sqlite.get<{ wanted: number }>(
    'select wanted from members where chat_id = ? and receiver = ? and user_id = ?',
    id,
    receiver,
    user,
  );
  const mxid = bridge.ids.ghostOf(user);
  const joined = bridge.appservice.knowsJoined(mxid, portal.roomId);
  if (row?.wanted === 1 && !joined) {
    await (await ensureGhost(bridge, user, nick)).ensureJoined(portal.roomId);
    return true;
  }
  if (row?.wanted !== 0) return false;
  if (joined) await bridge.appservice.intent(mxid).leave(portal.roomId);
  await bridge.sqlite.write(() =>
    bridge.sqlite.run(
      'delete from members where chat_id = ? and receiver = ? and user_id = ? and wanted = 0',
      id,
      receiver,
      user,
    ),
  );
  return joined;
}

async function want(bridge: Bridge, portal: Portal, user: UserId, wanted: boolean): Promise<void> {
  await bridge.sqlite.write(() => put(bridge, portal, user, wanted));
}

function put(bridge: Bridge, portal: Portal, user: UserId, wanted: boolean): void {
  const { id, receiver } = chatColumns(portal.chat);
  bridge.sqlite.run(
    'insert or replace into members (chat_id, receiver, user_id, wanted) values (?, ?, ?, ?)',
    id,
    receiver,
    user,
    wanted ? 1 : 0,
  );
}
