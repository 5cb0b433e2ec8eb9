// The timelines of all rooms of a response: the newest events of each stretch, `limited` when it holds more, and a token from which
// /messages goes on backwards. One statement for all rooms that are not in memory, one more where visibility is in doubt.
// https://spec.matrix.org/v1.19/client-server-api/#syncing

import type { JsonObject } from '@pons/spec';
import { before, historyToken } from '../rooms/history-token.ts';
import { bundledRelations } from '../rooms/relations.ts';
import type { Queryable } from '../storage/database.ts';
import type { TimelineRow } from '../storage/tables/events.ts';
import { type StreamTimelineRow, streamTimelines } from '../storage/tables/stream.ts';
import { contentPasses, eventPasses, roomPasses, timelineLimit, timelineSelection } from './filter.ts';
import { recentEvents } from './recent-timeline.ts';
import type { RoomWindow } from './room-window.ts';
import { eventFor, type Reading } from './sync-request.ts';
import { visibleTimelines } from './visible-events.ts';

/** What a response says of one room's timeline. */
export interface Timeline {
  /** Oldest first. */
  readonly rows: readonly TimelineRow[];
  /** The viewer's membership at an event where it may have been another than `join`. */
  readonly memberships: ReadonlyMap<string, string>;
  /** The stretch holds more, before these. */
  readonly limited: boolean;
  /** Others relate to some of these events. */
  readonly hasRelations: boolean;
  readonly prevBatch: string;
  /** Version of the room's state at its start. */
  readonly startVersion: number;
  /** Version at its end. */
  readonly endVersion: number;
}

/** Reads the timelines of the rooms, by room number. */
export async function readTimelines(
  db: Queryable,
  reading: Reading,
  windows: readonly RoomWindow[],
): Promise<ReadonlyMap<number, Timeline>> {
  const { filter, userId } = reading.request;
  const limit = timelineLimit(filter);
  const wanted = windows.filter(({ room }) => roomPasses(filter.timeline, room.roomId));
  const recent = recentTimelines(reading, wanted);
  const rows = await streamTimelines(
    db,
    wanted
      .filter(({ room }) => !recent.has(room.roomNid))
      .map(({ room, after, upTo }) => ({ roomNid: room.roomNid, after, upTo })),
    { position: reading.position, limit: limit + 1, selection: timelineSelection(filter.timeline) },
  );
  const found = new Map([...recent, ...Map.groupBy(rows, (row) => row.roomNid)]);
  const pages = new Map([...found].map(([roomNid, page]) => [roomNid, page.slice(Math.max(0, page.length - limit))]));
  const visible = await visibleTimelines(db, userId, wanted, pages);
  const timelines = new Map<number, Timeline>();
  for (const window of windows) {
    const { roomNid } = window.room;
    const page = pages.get(roomNid) ?? [];
    const first = page[0];
    const place = first === undefined ? undefined : { major: first.orderMajor, minor: first.orderMinor };
    const { endVersion } = window;
    timelines.set(roomNid, {
      rows: (visible.rows.get(roomNid) ?? []).filter((row) => isWanted(reading, row)),
      memberships: visible.memberships,
      limited: (found.get(roomNid)?.length ?? 0) > limit || leavesOut(reading, window, page),
      hasRelations: page.some((row) => row.hasRelations),
      prevBatch: historyToken(
        place === undefined ? { major: window.upTo, minor: Number.MAX_SAFE_INTEGER } : before(place),
      ),
      startVersion: startOf(page) ?? endVersion,
      endVersion,
    });
  }
  return timelines;
}

// Of those rooms whose events are all in memory.
function recentTimelines(
  { recent, request }: Reading,
  windows: readonly RoomWindow[],
): ReadonlyMap<number, readonly StreamTimelineRow[]> {
  const found = new Map<number, readonly StreamTimelineRow[]>();
  if (recent === undefined) return found;
  for (const { room, after } of windows) {
    const { roomNid } = room;
    const events = recentEvents(recent.get(roomNid) ?? [], { roomNid, after, viewer: request.userId });
    if (events === undefined) continue;
    found.set(
      roomNid,
      events.filter((row) => eventPasses(request.filter.timeline, row)),
    );
  }
  return found;
}

// Version of the room's state at the start of a page: its first event says, unless it is history with a line of its own.
function startOf(page: readonly TimelineRow[]): number | undefined {
  const first = page.find((row) => row.line === 0 || row.currentVersion !== null);
  return first?.currentVersion ?? first?.stateVersion;
}

// Of a room that the user has just joined a filter may hide what happened before: the client cannot tell that from a beginning.
function leavesOut({ request }: Reading, window: RoomWindow, page: readonly TimelineRow[]): boolean {
  const isJustJoined = request.since !== undefined && window.section === 'join' && window.isNew;
  return isJustJoined && page[0]?.type !== 'm.room.create';
}

/** The timelines as the client gets them, by room number. */
export async function timelineSections(
  db: Queryable,
  reading: Reading,
  windows: readonly RoomWindow[],
  timelines: ReadonlyMap<number, Timeline>,
): Promise<ReadonlyMap<number, JsonObject>> {
  const { userId, deviceId } = reading.request;
  const sections = new Map<number, JsonObject>();
  for (const { room, rules } of windows) {
    const timeline = timelines.get(room.roomNid);
    if (timeline === undefined) continue;
    const bundles = timeline.hasRelations
      ? await bundledRelations(db, timeline.rows, { rules, now: reading.now, viewer: { userId, deviceId } })
      : undefined;
    sections.set(room.roomNid, {
      events: timeline.rows.map((row) => {
        const membership = timeline.memberships.get(row.eventId) ?? 'join';
        return eventFor(reading, row, { rules, membership, relations: bundles?.get(row.eventId) });
      }),
      limited: timeline.limited,
      prev_batch: timeline.prevBatch,
    });
  }
  return sections;
}

function isWanted(reading: Reading, row: TimelineRow): boolean {
  const { filter } = reading.request;
  if (row.keyNid === null && reading.ignored.has(row.sender)) return false;
  if (filter.timeline.containsUrl === undefined) return true;
  return contentPasses(filter.timeline, (JSON.parse(row.json) as { content: JsonObject }).content);
}
