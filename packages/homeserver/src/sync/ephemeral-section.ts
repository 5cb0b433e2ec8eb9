// Typing, receipts and ephemeral events of other types in the joined rooms. What has a position comes from its table, in one statement for
// all rooms, or, like typing, from memory.
// https://spec.matrix.org/v1.19/client-server-api/#receipts

import type { JsonObject } from '@pons/spec';
import type { Typing } from '../ephemeral/typing.ts';
import type { Queryable } from '../storage/database.ts';
import { type EphemeralEventRow, ephemeralEventsBetween } from '../storage/tables/ephemeral-events.ts';
import { type ReceiptRow, receiptsBetween } from '../storage/tables/receipts.ts';
import { eventPasses, roomPasses } from './filter.ts';
import { recentEphemeralEvents, recentReceipts } from './recent-timeline.ts';
import type { RoomWindow } from './room-window.ts';
import type { Reading } from './sync-request.ts';

/** Of one room, the newest; whoever was away for longer than a moment has missed something anyway. */
const ownTypesMax = { eventsMax: 500, bytesMax: 1_048_576 };

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
  const [rows, ownTypes] = await Promise.all([
    wantsReceipts ? receiptsOf(db, joined, reading) : new Map<number, ReceiptRow[]>(),
    ownTypesOf(db, joined, reading),
  ]);
  for (const { room, isNew } of joined) {
    const { roomNid } = room;
    const events: JsonObject[] = [];
    const typists = typing.typistsIn(roomNid).filter((typist) => typist !== userId && !reading.ignored.has(typist));
    const isNews = isNew || since === undefined ? typists.length > 0 : typing.changedSince(roomNid, since.typing);
    if (wantsTyping && isNews) events.push({ type: 'm.typing', content: { user_ids: typists } });
    const receipts = (rows.get(roomNid) ?? []).filter((row) => !reading.ignored.has(row.user_id));
    if (receipts.length > 0) events.push({ type: 'm.receipt', content: receiptContent(receipts) });
    for (const { type, userId: sender, json } of ownTypes.get(roomNid) ?? []) {
      if (reading.ignored.has(sender) || !eventPasses(filter.ephemeral, { type, sender })) continue;
      events.push(JSON.parse(json) as JsonObject);
    }
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

// Who has just joined is not shown what passed before: from the member's own event on, at the earliest.
async function ownTypesOf(db: Queryable, windows: readonly RoomWindow[], { position, now, recent }: Reading) {
  if (recent !== undefined) {
    return new Map(
      [...recent].map(([roomNid, commits]) => [roomNid, recentEphemeralEvents(commits, { roomNid, now })]),
    );
  }
  const rooms = windows.map(({ room, after }) => ({
    roomNid: room.roomNid,
    after: Math.max(after, room.memberPosition),
  }));
  const rows: EphemeralEventRow[] = await ephemeralEventsBetween(db, rooms, { upTo: position, now, ...ownTypesMax });
  return Map.groupBy(rows, ({ roomNid }) => roomNid);
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
