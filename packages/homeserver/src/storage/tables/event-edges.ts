// Reads of `event_edges` and of the extremities that they end in. Only the door writes it.
import { type Queryable, statement } from '../database.ts';

/** An event that nothing in the room points back to yet. */
export interface ExtremityRow {
  readonly eventNid: number;
  readonly eventId: string;
  readonly depth: number;
}

const byNids = statement(
  'event_edges.extremities',
  `select event_nid as "eventNid", event_id as "eventId", depth from events
    where room_nid = $1 and event_nid = any($2) order by event_nid`,
);

/** Ids and depths of a room's forward extremities. */
export async function extremitiesOf(
  db: Queryable,
  roomNid: number,
  eventNids: readonly number[],
): Promise<ExtremityRow[]> {
  return db.query<ExtremityRow>(byNids, [roomNid, eventNids]);
}
