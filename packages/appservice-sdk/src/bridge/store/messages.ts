// Which remote message is which event, and the same of reactions: what edits, replies, removals and reactions need to find their target.
// One remote message may be several events (its parts), and one event several remote messages (a long one, cut). The put functions are
// called inside write(), together with whatever else that step finishes.

import type { Sqlite } from '../../store/sqlite.ts';
import type { Chat, MsgId, PartId, Ref, UserId } from '../network.ts';
import { chatColumns, chatOf } from '../remote-ids.ts';

/** One part of a remote message, and its event. */
export interface MessageRow {
  readonly chat: Chat;
  readonly msg: MsgId;
  readonly part: PartId;
  readonly eventId: string;
  /** Who sent the event: a ghost, or a Matrix user. */
  readonly sender: string;
  readonly ts: number;
}

/** A reaction on both sides. */
export interface ReactionRow {
  readonly eventId: string;
  readonly chat: Chat;
  readonly target: Ref;
  readonly user: UserId;
  readonly key: string;
}

/** Messages and reactions. */
export interface Messages {
  ofRemote(chat: Chat, msg: MsgId): MessageRow[];
  ofEvent(eventId: string): MessageRow[];
  put(row: MessageRow): void;
  drop(eventId: string): void;
  reactionOfEvent(eventId: string): ReactionRow | undefined;
  reactionOf(about: { chat: Chat; msg: MsgId; user: UserId; key: string }): ReactionRow | undefined;
  reactionsOn(chat: Chat, msg: MsgId): ReactionRow[];
  putReaction(row: ReactionRow): void;
  dropReaction(eventId: string): void;
}

/** The message id of a reference. */
export function msgOf(ref: Ref): MsgId {
  return typeof ref === 'string' ? ref : ref.msg;
}

/** The part of a reference, when it names one. */
export function partOf(ref: Ref): PartId | undefined {
  return typeof ref === 'string' ? undefined : ref.part;
}

interface Columns {
  readonly chat_id: string;
  readonly receiver: string;
  readonly msg_id: string;
  readonly part_id: string;
  readonly event_id: string;
  readonly sender: string;
  readonly ts: number;
  readonly user_id: string;
  readonly key: string;
}

/** The tables. */
export function openMessages(sqlite: Sqlite): Messages {
  const message = (row: Columns): MessageRow => ({
    chat: chatOf(row),
    msg: row.msg_id,
    part: row.part_id,
    eventId: row.event_id,
    sender: row.sender,
    ts: row.ts,
  });
  const reaction = (row: Columns): ReactionRow => ({
    eventId: row.event_id,
    chat: chatOf(row),
    target: row.part_id === '' ? row.msg_id : { msg: row.msg_id, part: row.part_id },
    user: row.user_id,
    key: row.key,
  });
  return {
    ofRemote(chat, msg) {
      const { id, receiver } = chatColumns(chat);
      const sql = 'select * from messages where chat_id = ? and receiver = ? and msg_id = ? order by part_id';
      return sqlite.all<Columns>(sql, id, receiver, msg).map(message);
    },
    ofEvent: (eventId) =>
      sqlite.all<Columns>('select * from messages where event_id = ? order by ts', eventId).map(message),
    put(row) {
      const { id, receiver } = chatColumns(row.chat);
      const sql =
        'insert or ignore into messages (chat_id, receiver, msg_id, part_id, event_id, sender, ts) values (?, ?, ?, ?, ?, ?, ?)';
      sqlite.run(sql, id, receiver, row.msg, row.part, row.eventId, row.sender, row.ts);
    },
    drop(eventId) {
      sqlite.run('delete from messages where event_id = ?', eventId);
    },
    reactionOfEvent(eventId) {
      const row = sqlite.get<Columns>('select * from reactions where event_id = ?', eventId);
      return row && reaction(row);
    },
    reactionOf({ chat, msg, user, key }) {
      const { id, receiver } = chatColumns(chat);
      const sql =
        'select * from reactions where chat_id = ? and receiver = ? and msg_id = ? and user_id = ? and key = ?';
      const row = sqlite.get<Columns>(sql, id, receiver, msg, user, key);
      return row && reaction(row);
    },
    reactionsOn(chat, msg) {
      const { id, receiver } = chatColumns(chat);
      return sqlite
        .all<Columns>('select * from reactions where chat_id = ? and receiver = ? and msg_id = ?', id, receiver, msg)
        .map(reaction);
    },
    putReaction(row) {
      const { id, receiver } = chatColumns(row.chat);
      const sql =
        'insert or replace into reactions (event_id, chat_id, receiver, msg_id, part_id, user_id, key) values (?, ?, ?, ?, ?, ?, ?)';
      sqlite.run(sql, row.eventId, id, receiver, msgOf(row.target), partOf(row.target) ?? '', row.user, row.key);
    },
    dropReaction(eventId) {
      sqlite.run('delete from reactions where event_id = ?', eventId);
    },
  };
}
