// Which events of the timelines the viewer may see, and in which form. Needed only where a timeline reaches back beyond the viewer's last change of
// membership; for those rooms the state before each event is read in one statement.
// https://spec.matrix.org/v1.19/client-server-api/#server-behaviour-5

import type { JsonObject, Pdu } from '@pons/spec';
import { erasedCopies } from '../rooms/erased-copies.ts';
import { historyVisibilityOf, maySeeEvent } from '../rules/history-visibility.ts';
import type { Queryable } from '../storage/database.ts';
import type { TimelineRow } from '../storage/tables/events.ts';
import { type StateKeyAt, streamStateKeys, type StreamStateRow } from '../storage/tables/stream.ts';
import type { RoomWindow } from './room-window.ts';

/** What the viewer may see. */
export interface VisibleTimelines {
  /** By room number. */
  readonly rows: ReadonlyMap<number, readonly TimelineRow[]>;
  /** The viewer's membership at an event, by event id; where it is missing they were joined. */
  readonly memberships: ReadonlyMap<string, string>;
}

/** Timelines by room number, without what the viewer may not see. */
export async function visibleTimelines(
  db: Queryable,
  userId: string,
  windows: readonly RoomWindow[],
  timelines: ReadonlyMap<number, readonly TimelineRow[]>,
): Promise<VisibleTimelines> {
  const memberships = new Map<string, string>();
  const doubtful = windows.filter(({ room, section }) => {
    const first = timelines.get(room.roomNid)?.[0];
    return first !== undefined && (section === 'leave' || (first.position ?? 0) <= room.memberPosition);
  });
  if (doubtful.length === 0) return { rows: timelines, memberships };
  const rows = doubtful.flatMap(({ room }) => timelines.get(room.roomNid) ?? []);
  const before = await contentsBefore(db, userId, rows);
  const visible = new Map(timelines);
  for (const { room, section } of doubtful) {
    visible.set(
      room.roomNid,
      seenOf(timelines.get(room.roomNid) ?? [], { userId, before, isMember: section === 'join', memberships }),
    );
  }
  const rules = new Map(doubtful.map((window) => [window.room.roomNid, window.rules]));
  const seen = [...rules.keys()].flatMap((roomNid) => visible.get(roomNid) ?? []);
  const seenAt = new Set([...memberships].flatMap(([eventId, membership]) => (membership === 'join' ? [eventId] : [])));
  const readable = await erasedCopies(db, seen, { userId, rulesOf: (roomNid) => rules.get(roomNid), seenAt });
  for (const [roomNid, own] of Map.groupBy(readable, (row) => row.roomNid)) visible.set(roomNid, own);
  return { rows: visible, memberships };
}

interface ContentsBefore {
  visibility(row: TimelineRow): JsonObject | undefined;
  membership(row: TimelineRow): string | undefined;
}

async function contentsBefore(db: Queryable, userId: string, rows: readonly TimelineRow[]): Promise<ContentsBefore> {
  const keys: StateKeyAt[] = [];
  const indexOf = new Map<string, number>();
  for (const { roomNid, line, stateVersion: version } of rows) {
    const place = `${roomNid}/${line}/${version}`;
    if (indexOf.has(place)) continue;
    indexOf.set(place, keys.length);
    keys.push({ roomNid, line, version, type: 'm.room.history_visibility', stateKey: '' });
    keys.push({ roomNid, line, version, type: 'm.room.member', stateKey: userId });
  }
  const values = await streamStateKeys(db, keys);
  const contentAt = (row: TimelineRow, offset: number): JsonObject | undefined => {
    const index = indexOf.get(`${row.roomNid}/${row.line}/${row.stateVersion}`) ?? 0;
    const value = values.get(index + offset);
    return value === undefined ? undefined : contentOf(value);
  };
  return {
    visibility: (row) => contentAt(row, 0),
    membership: (row) => membershipIn(contentAt(row, 1)),
  };
}

interface Viewing {
  readonly userId: string;
  readonly before: ContentsBefore;
  readonly isMember: boolean;
  readonly memberships: Map<string, string>;
}

/** Goes back from the newest event: joined later means joined at some event that was looked at already. */
function seenOf(rows: readonly TimelineRow[], how: Viewing): TimelineRow[] {
  let joinedLater = how.isMember;
  const seen: TimelineRow[] = [];
  for (const row of rows.toReversed()) {
    const membership = how.before.membership(row);
    const own = ownChange(row, how.userId);
    const isVisible =
      own?.membershipAfter !== undefined ||
      maySeeEvent({
        visibility: historyVisibilityOf(how.before.visibility(row)),
        membership,
        joinedLater,
        ...own,
      });
    how.memberships.set(row.eventId, own?.membershipAfter ?? membership ?? 'leave');
    if (isVisible) seen.push(row);
    joinedLater ||= membership === 'join' || own?.membershipAfter === 'join';
  }
  return seen.reverse();
}

function ownChange(row: TimelineRow, userId: string) {
  if (row.type !== 'm.room.member' && row.type !== 'm.room.history_visibility') return undefined;
  const { content, state_key: stateKey } = JSON.parse(row.json) as Pdu;
  if (row.type === 'm.room.history_visibility') {
    return stateKey === '' ? { visibilityAfter: historyVisibilityOf(content) } : undefined;
  }
  // Everybody may know what became of themselves.
  return stateKey === userId ? { membershipAfter: membershipIn(content) ?? 'leave' } : undefined;
}

function contentOf(row: StreamStateRow): JsonObject {
  return (JSON.parse(row.json) as Pdu).content;
}

function membershipIn(content: JsonObject | undefined): string | undefined {
  const membership = content?.['membership'];
  return typeof membership === 'string' ? membership : undefined;
}
