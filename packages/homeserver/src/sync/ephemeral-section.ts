// Typing and receipts of the joined rooms. Receipts come from the table, in one statement for all rooms, or, like typing, from memory.
// https://spec.matrix.org/v1.19/client-server-api/#receipts

import type { JsonObject } from '@pons/spec';
import type { Typing } from '../ephemeral/typing.ts';
import type { Queryable } from '../storage/database.ts';
import { type ReceiptRow, receiptsBetween } from '../storage/tables/receipts.ts';
import { eventPasses, roomPasses } from './filter.ts';
import { recentReceipts } from './recent-timeline.ts';
import type { RoomWindow } from './room-window.ts';
import type { Reading } from './sync-request.ts';

/** The ephemeral events of the rooms that have any, by room number. */
export async function ephemeralSections(
  db: Queryable,
  typing: Typing,
  reading: Reading,
  windows: readonly RoomWindow[],
): Promise<ReadonlyMap<number, JsonObject[]>> {
  const { filter, since, userId } = reading.request;
  const joined = windows.filter(({ room, section }) => section === 'join' && roomPasses(filter.ephemeral, room.roomId));
  const sections = new Map<number, JsonObject[]>();
  const wantsReceipts = eventPasses(filter.ephemeral, { type: 'm.receipt' });
  const wantsTyping = eventPasses(filter.ephemeral, { type: 'm.typing' });
  const rows = wantsReceipts ? await receiptsOf(db, joined, reading) : new Map<number, ReceiptRow[]>();
  for (const { room, isNew } of joined) {
    const { roomNid } = room;
    const events: JsonObject[] = [];
    const typists = typing.typistsIn(roomNid).filter((typist) => typist !== userId && !reading.ignored.has(typist));
    const isNews = isNew || since === undefined ? typists.length > 0 : typing.changedSince(roomNid, since.typing);
    if (wantsTyping && isNews) events.push({ type: 'm.typing', content: { user_ids: typists } });
    const receipts = (rows.get(roomNid) ?? []).filter((row) => !reading.ignored.has(row.user_id));
    if (receipts.length > 0) events.push({ type: 'm.receipt', content: receiptContent(receipts) });
    if (events.length > 0) sections.set(roomNid, events);
  }
  return sections;
}

async function receiptsOf(db: Queryable, windows: readonly RoomWindow[], { position, request, recent }: Reading) {
  if (recent !== undefined) {
    return new Map(
      [...recent].map(([roomNid, commits]) => [roomNid, recentReceipts(commits, roomNid, request.userId)]),
    );
  }
  if (windows.length === 0) return new Map<number, ReceiptRow[]>();
  const rooms = windows.map(({ room, isNew, after }) => ({ roomNid: room.roomNid, after: isNew ? 0 : after }));
  return Map.groupBy(await receiptsBetween(db, rooms, position, request.userId), (row) => row.room_nid);
}

/** Event → type → reader → { ts, thread_id? }. */
function receiptContent(rows: readonly ReceiptRow[]): JsonObject {
  const content: Record<string, Record<string, JsonObject>> = {};
  for (const row of rows) {
    const event = (content[row.event_id] ??= {});
    const readers = (event[row.type] ??= {});
    readers[row.user_id] = { ts: row.ts, ...(row.thread_id === '' ? {} : { thread_id: row.thread_id }) };
  }
  return content;
}
