// Which events a user may see: each by the visibility and their membership at that event (rules/history-visibility.ts), and as a redacted
// copy what an erased user sent before they came. The state before a whole page of events is read in one query, since most events of a
// page stand at the same few versions.
// https://spec.matrix.org/v1.19/client-server-api/#server-behaviour-5
import { type JsonObject, type Pdu, isJsonObject } from '@pons/spec';
import { historyVisibilityOf, maySeeEvent } from '../rules/history-visibility.ts';
import type { Queryable } from '../storage/database.ts';
import type { TimelineRow } from '../storage/tables/events.ts';
import { erasedCopies } from './erased-copies.ts';
import type { RoomView } from './room-view.ts';
import { valuesBefore } from './state-before.ts';

/** An event that the user may see, and what they were in the room then. */
export interface VisibleEvent {
  readonly row: TimelineRow;
  readonly membership: string;
}

/** Those events of the page that the user may see, in their order. */
export async function visibleEvents(
  db: Queryable,
  view: Pick<RoomView, 'room' | 'rules' | 'userId' | 'joinedAt'>,
  rows: readonly TimelineRow[],
): Promise<VisibleEvent[]> {
  const { room, userId, joinedAt } = view;
  const before = await valuesBefore(db, room.roomNid, rows, [
    { type: 'm.room.history_visibility', stateKey: '' },
    { type: 'm.room.member', stateKey: userId },
  ]);
  const visible = rows.flatMap((row, index) => {
    const state = before[index];
    const membership = membershipIn(state?.get('m.room.member')) ?? 'leave';
    const own = row.keyNid === null ? undefined : after(row, userId);
    const isVisible = maySeeEvent({
      visibility: historyVisibilityOf(state?.get('m.room.history_visibility')),
      membership,
      joinedLater:
        joinedAt !== undefined &&
        (row.orderMajor < joinedAt.major || (row.orderMajor === joinedAt.major && row.orderMinor < joinedAt.minor)),
      ...own,
    });
    return isVisible ? [{ row, membership: own?.membershipAfter ?? membership }] : [];
  });
  const seenAt = new Set(visible.flatMap((event) => (event.membership === 'join' ? [event.row.eventId] : [])));
  const own = visible.map((event) => event.row);
  const readable = await erasedCopies(db, own, { userId, rulesOf: () => view.rules, seenAt });
  return visible.map((event, index) => ({ ...event, row: readable[index] ?? event.row }));
}

function after(row: TimelineRow, userId: string) {
  if (row.type !== 'm.room.member' && row.type !== 'm.room.history_visibility') return undefined;
  const { content, state_key: stateKey } = JSON.parse(row.json) as Pdu;
  if (row.type === 'm.room.history_visibility') {
    return stateKey === '' ? { visibilityAfter: historyVisibilityOf(content) } : undefined;
  }
  return stateKey === userId ? { membershipAfter: membershipIn(content) } : undefined;
}

function membershipIn(content: JsonObject | undefined): string | undefined {
  const membership = isJsonObject(content) ? content['membership'] : undefined;
  return typeof membership === 'string' ? membership : undefined;
}
