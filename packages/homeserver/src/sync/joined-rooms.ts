// The sections `join` and `leave` of a response: each room's parts put together. A room appears when any of its parts has something.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync

import type { JsonObject } from '@pons/spec';
import type { Typing } from '../ephemeral/typing.ts';
import type { Queryable } from '../storage/database.ts';
import { type AccountDataRead, roomAccountData } from './account-data-section.ts';
import { ephemeralSections } from './ephemeral-section.ts';
import type { SentMembers } from './lazy-members.ts';
import type { RoomWindow } from './room-window.ts';
import { readLazyMembers, readState, stateEvents } from './state-section.ts';
import { isDueAtOnce, isDueFor, readSummaries, type Summaries, summarySection } from './summary-section.ts';
import type { Reading } from './sync-request.ts';
import { readTimelines, timelineSections } from './timeline-section.ts';

/** What the sections of rooms are read with. */
export interface RoomSectionsParts {
  readonly db: Queryable;
  readonly typing: Typing;
  readonly sentMembers: SentMembers;
}

/** The sections `join` and `leave`. */
export interface RoomSections {
  readonly join: JsonObject;
  readonly leave: JsonObject;
}

/** Reads all parts of all rooms, in a number of statements that does not depend on how many rooms there are. */
export async function roomSections(
  parts: RoomSectionsParts,
  reading: Reading,
  windows: readonly RoomWindow[],
  accountData: AccountDataRead,
): Promise<RoomSections> {
  const { db } = parts;
  const { request } = reading;
  const [{ timelines, state }, summariesOfNew, ephemeral] = await Promise.all([
    readTimelinesAndState(db, reading, windows),
    readSummaries(db, request.userId, windows.filter(isDueAtOnce)),
    ephemeralSections(db, parts.typing, reading, windows),
  ]);
  const dueNow = windows.filter((window) => !isDueAtOnce(window) && isDueFor(window, timelines, state));
  const summaries = both(summariesOfNew, await readSummaries(db, request.userId, dueNow));
  const rooms = { windows, timelines, state, heroes: summaries.heroes };
  const lazyMembers = await readLazyMembers(db, reading, rooms, parts.sentMembers);
  const timelineOf = await timelineSections(db, reading, windows, timelines);
  const ownData = roomAccountData(request, accountData);
  const join: JsonObject = {};
  const leave: JsonObject = {};
  for (const window of windows) {
    const { roomNid, roomId } = window.room;
    const timeline = timelines.get(roomNid);
    const events = stateEvents(reading, window, [...(state.get(roomNid) ?? []), ...(lazyMembers.get(roomNid) ?? [])]);
    const data = ownData.get(roomNid) ?? [];
    const live = ephemeral.get(roomNid) ?? [];
    const hasNews =
      window.isNew ||
      request.fullState ||
      (timeline?.rows.length ?? 0) > 0 ||
      (timeline?.limited ?? false) ||
      events.length + data.length + live.length > 0;
    if (!hasNews && window.section === 'join') continue;
    const shown: JsonObject = {
      timeline: timelineOf.get(roomNid) ?? { events: [], limited: false },
      [request.useStateAfter ? 'state_after' : 'state']: { events },
      account_data: { events: data },
    };
    if (window.section === 'leave') leave[roomId] = shown;
    else join[roomId] = { ...shown, ...joinedOnly(summarySection(window, summaries), live) };
  }
  return { join, leave };
}

// The state shown depends on where the timeline begins.
async function readTimelinesAndState(db: Queryable, reading: Reading, windows: readonly RoomWindow[]) {
  const timelines = await readTimelines(db, reading, windows);
  return { timelines, state: await readState(db, reading, windows, timelines) };
}

function both(one: Summaries, other: Summaries): Summaries {
  return { due: new Set([...one.due, ...other.due]), heroes: new Map([...one.heroes, ...other.heroes]) };
}

/** Unread counts are kept by push, which this server does not do yet: nothing is unread. */
function joinedOnly(summary: JsonObject | undefined, live: JsonObject[]): JsonObject {
  return {
    ephemeral: { events: live },
    summary: summary ?? {},
    unread_notifications: { highlight_count: 0, notification_count: 0 },
  };
}
