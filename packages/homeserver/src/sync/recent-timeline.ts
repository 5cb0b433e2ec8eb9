// What the timeline, receipts and ephemeral events of one room show of the commits in memory (recent-commits.ts): the rows that the database
// would give. Where a row says more than its commit does (events of other servers, late ones, redacted ones), the database is asked.

import { serverNameOf } from '@pons/spec';
import type { EventRow, RoomPart } from '../storage/commit.ts';
import type { EphemeralEventRow } from '../storage/tables/ephemeral-events.ts';
import type { ReceiptRow } from '../storage/tables/receipts.ts';
import type { StreamTimelineRow } from '../storage/tables/stream.ts';
import type { RecentCommit } from './recent-commits.ts';

/**
 * The events of a room after a position, oldest first; undefined: ask the database.
 *
 * @param viewer  a user of this server
 */
export function recentEvents(
  commits: readonly RecentCommit[],
  { roomNid, after, viewer }: { readonly roomNid: number; readonly after: number; readonly viewer: string },
): StreamTimelineRow[] | undefined {
  const own = commits.filter(({ commit }) => commit.room?.roomNid === roomNid);
  const parts = own.flatMap(({ commit }) => commit.room ?? []);
  if (parts.some((part) => part.redactions.length > 0 || (part.placed?.length ?? 0) > 0)) return undefined;
  const related = new Set(parts.flatMap(({ relations }) => relations.map(({ relatesTo }) => relatesTo)));
  const rows: StreamTimelineRow[] = [];
  for (const { first, commit } of own) {
    for (const event of commit.room?.events ?? []) {
      if (event.at === undefined) continue;
      if (!isPlain(event, viewer)) return undefined;
      const row = { ...timelineRow(roomNid, event, first + event.at), hasRelations: related.has(event.eventId) };
      if (row.orderMajor > after) rows.push(row);
    }
  }
  return rows;
}

// Made here at the end of the room: nothing can have related to it before, and its commit says what it replaced.
function isPlain(event: EventRow, viewer: string): boolean {
  const { order, currentVersion, keyNid, change, sender } = event;
  if (order !== undefined || currentVersion !== undefined) return false;
  return (keyNid === null || change !== undefined) && serverNameOf(sender) === serverNameOf(viewer);
}

function timelineRow(roomNid: number, event: EventRow, position: number) {
  const { eventNid, eventId, type, sender, keyNid, depth, originServerTs, line, stateVersion } = event;
  const { transactionKey, trace, json, change } = event;
  const replacesId = change?.replaced?.eventId ?? null;
  const replacesJson = change?.replaced?.json() ?? null;
  const place = { roomNid, eventNid, eventId, position, orderMajor: position, orderMinor: 0, depth, originServerTs };
  const of = { type, sender, keyNid, line, stateVersion, currentVersion: null, transactionKey, trace, json };
  return { ...place, ...of, redactionId: null, redactionJson: null, replacesId, replacesJson, erasedAt: null };
}

/** Receipts of a room, the newest of each reader and kind; private ones only of the viewer. */
export function recentReceipts(commits: readonly RecentCommit[], roomNid: number, viewer: string): ReceiptRow[] {
  const newest = new Map<string, ReceiptRow>();
  for (const { commit } of commits) {
    for (const { userId, type, threadId, eventId, ts, ...receipt } of commit.receipts ?? []) {
      if (receipt.roomNid !== roomNid || (type === 'm.read.private' && userId !== viewer)) continue;
      const key = `${userId} ${type} ${threadId}`;
      newest.delete(key);
      newest.set(key, { room_nid: roomNid, user_id: userId, type, thread_id: threadId, event_id: eventId, ts });
    }
  }
  return [...newest.values()];
}

/** Ephemeral events of a room that have not ended, oldest first. */
export function recentEphemeralEvents(
  commits: readonly RecentCommit[],
  { roomNid, now }: { readonly roomNid: number; readonly now: number },
): EphemeralEventRow[] {
  const rows = commits.flatMap(({ commit }) => commit.ephemeralEvents ?? []);
  return rows.filter((row) => row.roomNid === roomNid && row.expiresTs > now);
}

/** Whether any of it may concern whose devices the viewer has to know: who is in a room and whether it is encrypted is state. */
export function touchesDevices(commits: Iterable<readonly RecentCommit[]>): boolean {
  const touches = ({ commit }: RecentCommit) => changesState(commit.room) || commit.deviceListChanges !== undefined;
  return [...commits].some((list) => list.some(touches));
}

function changesState(part: RoomPart | undefined): boolean {
  return part !== undefined && (part.state.length > 0 || part.members.length > 0);
}
