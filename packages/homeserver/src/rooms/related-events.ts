// Pages of the events that relate to one: answers, edits, reactions, by the relation they name.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidrelationseventid
import type { Queryable } from '../storage/database.ts';
import { type HistoryPlace, historyEnd, historyStart, relatedEvents } from '../storage/tables/events.ts';
import { before } from './history-token.ts';
import type { RoomView } from './room-view.ts';
import { type HistoryPage, placeOf } from './timeline.ts';
import { visibleEvents } from './visibility.ts';

/** How far children of children are followed when asked to recurse. */
export const recursionDepth = 3;

/** Which page of relations. */
export interface RelatedQuery {
  readonly eventId: string;
  readonly relType?: string;
  readonly eventType?: string;
  readonly recurse: boolean;
  readonly direction: 'b' | 'f';
  readonly from?: HistoryPlace;
  readonly to?: HistoryPlace;
  /** 1 to 100. */
  readonly limit: number;
}

/** Events that relate to one and that the user may see. */
export async function relatedPage(db: Queryable, view: RoomView, query: RelatedQuery): Promise<HistoryPage> {
  const isBackwards = query.direction === 'b';
  const start = query.from ?? (isBackwards ? historyEnd : historyStart);
  const rows = await relatedEvents(db, view.room.roomNid, {
    eventId: query.eventId,
    ...(query.relType === undefined ? {} : { relType: query.relType }),
    ...(query.eventType === undefined ? {} : { eventType: query.eventType }),
    depthMax: query.recurse ? recursionDepth : 1,
    direction: query.direction,
    from: start,
    to: query.to ?? (isBackwards ? historyStart : historyEnd),
    limit: query.limit,
  });
  const events = await visibleEvents(db, view, rows);
  const last = rows.at(-1);
  if (last === undefined || rows.length < query.limit) return { events, start };
  return { events, start, end: isBackwards ? before(placeOf(last)) : placeOf(last) };
}
