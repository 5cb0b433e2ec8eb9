// Which chat is which room. Read on every event in both directions, so all of it is in memory; a bridge has thousands, not millions.

import type { Sqlite } from '../../store/sqlite.ts';
import type { Chat } from '../network.ts';
import { chatColumns, chatKey, chatOf } from '../remote-ids.ts';

/** A chat's room. */
export interface Portal {
  readonly chat: Chat;
  readonly roomId: string;
  readonly name: string | null;
  readonly topic: string | null;
}

/** All portals. */
export interface Portals {
  of(chat: Chat): Portal | undefined;
  byRoom(roomId: string): Portal | undefined;
  all(): Portal[];
  put(portal: Portal): Promise<void>;
  /** The chat is another one now, in the same room. */
  move(was: Chat, now: Chat): Promise<void>;
}

interface Row {
  readonly chat_id: string;
  readonly receiver: string;
  readonly room_id: string;
  readonly name: string | null;
  readonly topic: string | null;
}

/** The table, read once. */
export function openPortals(sqlite: Sqlite): Portals {
  const byChat = new Map<string, Portal>();
  const byRoom = new Map<string, Portal>();
  const remember = (portal: Portal): void => {
    byChat.set(chatKey(portal.chat), portal);
    byRoom.set(portal.roomId, portal);
  };
  for (const row of sqlite.all<Row>('select * from portals'))
    remember({ chat: chatOf(row), roomId: row.room_id, name: row.name, topic: row.topic });
  return {
    of: (chat) => byChat.get(chatKey(chat)),
    byRoom: (roomId) => byRoom.get(roomId),
    all: () => [...byChat.values()],
    async put(portal) {
      const { id, receiver } = chatColumns(portal.chat);
      await sqlite.write(() =>
        sqlite.run(
          'insert or replace into portals (chat_id, receiver, room_id, name, topic) values (?, ?, ?, ?, ?)',
          id,
          receiver,
          portal.roomId,
          portal.name,
          portal.topic,
        ),
      );
      const before = byChat.get(chatKey(portal.chat));
      if (before && before.roomId !== portal.roomId) byRoom.delete(before.roomId);
      remember(portal);
    },
    async move(was, now) {
      const portal = byChat.get(chatKey(was));
      if (!portal || byChat.has(chatKey(now))) return;
      const [from, to] = [chatColumns(was), chatColumns(now)];
      await sqlite.write(() => {
        for (const table of ['portals', 'members', 'messages', 'reactions']) {
          sqlite.run(
            `update ${table} set chat_id = ?, receiver = ? where chat_id = ? and receiver = ?`,
            to.id,
            to.receiver,
            from.id,
            from.receiver,
          );
        }
      });
      byChat.delete(chatKey(was));
      remember({ ...portal, chat: now });
    },
  };
}
