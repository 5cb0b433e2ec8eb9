// The threads of a room, the one with the newest answer first.
// https://spec.matrix.org/v1.19/client-server-api/#querying-threads-in-a-room
import type { Queryable } from '../storage/database.ts';
import { threadRoots } from '../storage/tables/event-relations.ts';
import { eventsByNids, type HistoryPlace, historyEnd } from '../storage/tables/events.ts';
import { before } from './history-token.ts';
import type { RoomView } from './room-view.ts';
import type { HistoryPage } from './timeline.ts';
import { visibleEvents } from './visibility.ts';

/** Which page of threads. */
export interface ThreadsQuery {
  /** Only threads that this user has written in. */
  readonly participant?: string;
  readonly from?: HistoryPlace;
  /** 1 to 100. */
  readonly limit: number;
}

/** Roots of threads that the user may see; `end` is where the next page begins. */
export async function threadsPage(db: Queryable, view: RoomView, query: ThreadsQuery): Promise<HistoryPage> {
  const { roomNid } = view.room;
  const start = query.from ?? historyEnd;
  const found = await threadRoots(db, roomNid, {
    from: start,
    participant: query.participant ?? null,
    limit: query.limit,
  });
  const rows = new Map(
    (
      await eventsByNids(
        db,
        roomNid,
        found.map((root) => root.eventNid),
      )
    ).map((row) => [row.eventNid, row]),
  );
  const roots = found.flatMap(({ eventNid }) => rows.get(eventNid) ?? []);
  const events = await visibleEvents(db, view, roots);
  const last = found.at(-1);
  return { events, start, ...(last === undefined || found.length < query.limit ? {} : { end: before(last) }) };
}
