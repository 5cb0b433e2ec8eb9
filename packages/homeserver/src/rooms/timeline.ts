// Pages of a room's history, both ways, as one user may see it; and what stands around one event. Order is the room's own
// (order_major, order_minor): for live events the stream's, for history that arrived late a place further back.
import { MatrixError } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import {
  eventById,
  eventNearest,
  eventsBackwards,
  eventsForwards,
  eventText,
  type HistoryPlace,
  historyEnd,
  historyStart,
  type TimelineRow,
} from '../storage/tables/events.ts';
import { before } from './history-token.ts';
import type { RoomView } from './room-view.ts';
import { type VisibleEvent, visibleEvents } from './visibility.ts';

/** Rows that one request looks through at most to fill its page. */
const scannedMax = 5_000;
/** Rows that are read at once. */
const scanRows = 250;

/** Which page of history. */
export interface HistoryRange {
  readonly direction: 'b' | 'f';
  /** Absent: the end of the history (backwards) or its beginning (forwards). */
  readonly from?: HistoryPlace;
  readonly to?: HistoryPlace;
  /** 1 to 1,000. */
  readonly limit: number;
  /** Absent: all. */
  readonly matches?: (row: TimelineRow) => boolean;
}

/** A page of history. */
export interface HistoryPage {
  readonly events: readonly VisibleEvent[];
  /** Where it began. */
  readonly start: HistoryPlace;
  /** Where the next page begins; absent when there is none. */
  readonly end?: HistoryPlace;
}

/** A page of the room's history: at most `limit` events that the user may see and that match. */
export async function historyPage(db: Queryable, view: RoomView, range: HistoryRange): Promise<HistoryPage> {
  const { roomNid } = view.room;
  const isBackwards = range.direction === 'b';
  let start = startOf(view, range);
  const end = isBackwards ? (range.to ?? historyStart) : earlier(range.to ?? historyEnd, view.until ?? historyEnd);
  const events: VisibleEvent[] = [];
  let at = start;
  for (let scanned = 0; scanned < scannedMax; ) {
    const limit = Math.min(
      Math.max(range.limit - events.length, 1) + (range.matches === undefined ? 0 : scanRows),
      scanRows * 4,
    );
    const rows = await (isBackwards ? eventsBackwards : eventsForwards)(db, roomNid, { from: at, to: end, limit });
    const [newest] = rows;
    // "Now" as a token must not mean the end of time: more may come after it.
    if (scanned === 0 && newest !== undefined && start.major === historyEnd.major) start = placeOf(newest);
    scanned += rows.length;
    const matching = range.matches === undefined ? rows : rows.filter(range.matches);
    for (const event of await visibleEvents(db, view, matching)) {
      if (events.length === range.limit) break;
      events.push(event);
    }
    const last = events.length >= range.limit ? events.at(-1)?.row : rows.at(-1);
    if (last !== undefined) at = isBackwards ? before(placeOf(last)) : placeOf(last);
    if (events.length >= range.limit) return { events, start, end: at };
    if (rows.length >= limit) continue;
    // Behind a filter nobody sees that this was the beginning: the next page, which is empty, tells.
    const isHidden = isBackwards && range.matches !== undefined && events.length > 0;
    return { events, start, ...(isHidden ? { end: at } : {}) };
  }
  return { events, start, end: at };
}

function startOf(view: RoomView, range: HistoryRange): HistoryPlace {
  if (range.direction === 'f') return range.from ?? historyStart;
  return earlier(range.from ?? historyEnd, view.until ?? historyEnd);
}

/** An event and what stands around it. */
export interface EventContext {
  readonly event: VisibleEvent;
  /** Backwards from it. */
  readonly before: readonly VisibleEvent[];
  /** Forwards from it. */
  readonly after: readonly VisibleEvent[];
  /** Just before the first of all these events, and just after the last. */
  readonly start: HistoryPlace;
  readonly end: HistoryPlace;
}

/**
 * The event and up to `limit` events around it, half before and half after.
 *
 * @throws MatrixError M_NOT_FOUND when there is no such event or the user may not see it
 */
export async function eventContext(
  db: Queryable,
  view: RoomView,
  eventId: string,
  around: Pick<HistoryRange, 'limit' | 'matches'>,
): Promise<EventContext> {
  const event = await visibleEvent(db, view, eventId);
  const place = placeOf(event.row);
  const half = Math.floor(around.limit / 2);
  const page = async (direction: 'b' | 'f', limit: number, from: HistoryPlace) =>
    limit === 0 ? [] : (await historyPage(db, view, { ...around, direction, from, limit })).events;
  const earlierEvents = await page('b', half, before(place));
  const laterEvents = await page('f', around.limit - half, place);
  return {
    event,
    before: earlierEvents,
    after: laterEvents,
    start: before(placeOf((earlierEvents.at(-1) ?? event).row)),
    end: placeOf((laterEvents.at(-1) ?? event).row),
  };
}

/**
 * One event, if the user may see it.
 *
 * @throws MatrixError M_NOT_FOUND
 */
export async function visibleEvent(db: Queryable, view: RoomView, eventId: string): Promise<VisibleEvent> {
  const row = await eventById(db, view.room.roomNid, eventId);
  const [event] = row === undefined ? [] : await visibleEvents(db, view, [row]);
  if (event === undefined || isAfter(placeOf(event.row), view.until ?? historyEnd)) {
    throw new MatrixError('M_NOT_FOUND', 'There is no such event in this room, or you may not see it.');
  }
  return event;
}

/** The event closest to a time, looking back or forward, if the user may see it. */
export async function nearestEvent(
  db: Queryable,
  view: RoomView,
  ts: number,
  direction: 'b' | 'f',
): Promise<{ readonly eventId: string; readonly originServerTs: number } | undefined> {
  const found = await eventNearest(db, view.room.roomNid, ts, direction);
  if (found === undefined) return undefined;
  await visibleEvent(db, view, found.eventId);
  return found;
}

/** The text of an event whoever may see it, or undefined: for checks, never for showing. */
export async function findEventText(db: Queryable, roomId: string, eventId: string): Promise<string | undefined> {
  return eventId.includes('\0') ? undefined : eventText(db, roomId, eventId);
}

/** Where an event stands. */
export function placeOf(row: Pick<TimelineRow, 'orderMajor' | 'orderMinor'>): HistoryPlace {
  return { major: row.orderMajor, minor: row.orderMinor };
}

function isAfter(a: HistoryPlace, b: HistoryPlace): boolean {
  return a.major > b.major || (a.major === b.major && a.minor > b.minor);
}

function earlier(a: HistoryPlace, b: HistoryPlace): HistoryPlace {
  return isAfter(a, b) ? b : a;
}
