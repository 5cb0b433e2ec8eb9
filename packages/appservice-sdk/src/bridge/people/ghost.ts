// Ghosts: the Matrix users that stand for remote ones. Their ids follow from the remote id, so nothing is lost if the store is; the
// display name is set when it is first known and whenever it changes.

import type { Intent } from '../../intent/intent.ts';
import type { Bridge } from '../bridge.ts';
import type { UserId, UserInfo } from '../network.ts';

/** How long the network is waited for to say who somebody is, before the id serves as the name. */
const WHO_TIMEOUT_MS = 10_000;

/** The ghost's intent, with its display name set. `nick` is what the chat calls them, where the network says so. */
export async function ensureGhost(bridge: Bridge, user: UserId, nick?: string): Promise<Intent> {
  const mxid = bridge.ids.ghostOf(user);
  const intent = bridge.appservice.intent(mxid);
  if (nameOf(bridge, user) === undefined) {
    await bridge.once(`ghost ${mxid}`, async () => {
      const name = nick ?? (await askName(bridge, user)) ?? user;
      await setName(bridge, user, name);
    });
  }
  return intent;
}

/** Carries over what is new about a remote user whose ghost exists. */
export async function updateGhost(bridge: Bridge, user: UserId, info: Partial<UserInfo>): Promise<void> {
  if (info.name === undefined || nameOf(bridge, user) === info.name) return;
  await setName(bridge, user, info.name);
}

async function setName(bridge: Bridge, user: UserId, name: string): Promise<void> {
  const mxid = bridge.ids.ghostOf(user);
  const shown = (bridge.config.ghosts?.displayName ?? '{name}').replace('{name}', () => name);
  await bridge.appservice.intent(mxid).setDisplayName(shown);
  await bridge.sqlite.write(() =>
    bridge.sqlite.run('insert or replace into ghosts (user_id, mxid, name) values (?, ?, ?)', user, mxid, name),
  );
}

function nameOf(bridge: Bridge, user: UserId): string | undefined {
  return bridge.sqlite.get<{ name: string }>('select name from ghosts where user_id = ?', user)?.name;
}

async function askName(bridge: Bridge, user: UserId): Promise<string | undefined> {
  const relay = bridge.logins.relay();
  const session = relay && bridge.logins.openSession(relay);
  if (!session || !bridge.network.get?.user) return undefined;
  let cancel: (() => void) | undefined;
  const late = new Promise<null>((resolve) => (cancel = bridge.clock.after(WHO_TIMEOUT_MS, () => resolve(null))));
  try {
    const asked = session.then((opened) => bridge.network.get?.user?.(opened, user) ?? null);
    return (await Promise.race([asked, late]))?.name;
  } catch (error) {
    // A name is not worth losing a message over.
    bridge.log.debug('the network does not say who somebody is', { error: String(error) });
    return undefined;
  } finally {
    cancel?.();
  }
}
