// Gives a chat its room: the one that the configuration names, the one that already has the alias, or a new one made by the bot.
// A shared chat's room has an alias, so a crash between making and remembering it makes no second one.

import { endpoints } from '@pons/spec/endpoints';
import { CallError, isRefusal } from '../../client/call-error.ts';
import { requestTo } from '../../client/request.ts';
import type { Bridge } from '../bridge.ts';
import type { Chat, ChatInfo } from '../network.ts';
import { chatColumns, chatKey } from '../remote-ids.ts';
import type { Portal } from '../store/portals.ts';
import { bridgeInfo } from '../status/bridge-info.ts';

/** How long the network is waited for to describe a chat. */
const INFO_TIMEOUT_MS = 10_000;

/** Makes or finds the room of a chat and remembers it. */
export async function createPortal(bridge: Bridge, chat: Chat): Promise<Portal> {
  const mapping = bridge.config.portals?.find((candidate) => chatKey(candidate.chat) === chatKey(chat));
  const { id, receiver } = chatColumns(chat);
  const info = await chatInfo(bridge, chat);
  const name = mapping?.name ?? info.name ?? (receiver === '' ? id : null);
  const topic = info.topic ?? null;
  const { bot } = bridge.appservice;
  await bot.ensureRegistered();
  let roomId: string;
  if (mapping?.room.startsWith('!')) roomId = mapping.room;
  else {
    const alias = mapping?.room ?? (receiver === '' ? `#${bridge.ids.aliasOf(id)}:${bridge.domain}` : undefined);
    roomId =
      (alias === undefined ? undefined : await resolveAlias(bridge, alias)) ??
      (await makeRoom(bridge, { chat, alias, name, topic, info }));
  }
  await bot.ensureJoined(roomId);
  const portal: Portal = { chat, roomId, name, topic };
  await bridge.portals.put(portal);
  bridge.log.info('a chat has its room', { chat: id, room: roomId });
  return portal;
}

async function resolveAlias(bridge: Bridge, alias: string): Promise<string | undefined> {
  try {
    const answer = await bridge.appservice.bot.call(
      requestTo(endpoints.getRoomIdByAlias, { path: { roomAlias: alias } }),
    );
    return typeof answer['room_id'] === 'string' ? answer['room_id'] : undefined;
  } catch (error) {
    if (error instanceof CallError && error.status === 404) return undefined;
    throw error;
  }
}

interface NewRoom {
  readonly chat: Chat;
  readonly alias: string | undefined;
  readonly name: string | null;
  readonly topic: string | null;
  readonly info: Partial<ChatInfo>;
}

async function makeRoom(bridge: Bridge, room: NewRoom): Promise<string> {
  const { receiver } = chatColumns(room.chat);
  const owner = receiver === '' ? undefined : bridge.logins.ownerOf(receiver);
  const body = {
    ...(room.alias === undefined ? {} : { room_alias_name: room.alias.slice(1, room.alias.indexOf(':')) }),
    ...(room.name === null ? {} : { name: room.name }),
    ...(room.topic === null ? {} : { topic: room.topic }),
    ...(owner === undefined ? {} : { invite: [owner], is_direct: room.info.kind === 'dm' }),
    preset: receiver === '' ? 'public_chat' : 'private_chat',
    initial_state: bridgeInfo(bridge, room.chat),
  };
  try {
    const answer = await bridge.appservice.bot.call(requestTo(endpoints.createRoom, { body }));
    return String(answer['room_id']);
  } catch (error) {
    // Somebody was faster, or we were, before a crash.
    const existing =
      room.alias !== undefined && isRefusal(error, 'M_ROOM_IN_USE')
        ? await resolveAlias(bridge, room.alias)
        : undefined;
    if (existing === undefined) throw error;
    return existing;
  }
}

async function chatInfo(bridge: Bridge, chat: Chat): Promise<Partial<ChatInfo>> {
  const { receiver } = chatColumns(chat);
  const entry = receiver === '' ? bridge.logins.relay() : bridge.logins.byId(receiver);
  const session = entry && bridge.logins.openSession(entry);
  if (!session || !bridge.network.get?.chat) return {};
  let cancel: (() => void) | undefined;
  const late = new Promise<null>((resolve) => (cancel = bridge.clock.after(INFO_TIMEOUT_MS, () => resolve(null))));
  try {
    const asked = session.then((opened) => bridge.network.get?.chat?.(opened, chat) ?? null);
    return (await Promise.race([asked, late])) ?? {};
  } catch (error) {
    // The room is made all the same; a later `chat` event names it.
    bridge.log.debug('the network does not describe a chat', { error: String(error) });
    return {};
  } finally {
    cancel?.();
  }
}
