// Reads of `event_json`: the PDU as canonical text, apart from its row so that a redaction is one update. Only the door writes it.
import { type Queryable, statement } from '../database.ts';

/** The stored text of one event. */
export interface EventJsonRow {
  readonly eventNid: number;
  readonly eventId: string;
  readonly json: string;
}

const byNids = statement(
  'event_json.by_nids',
  `select e.event_nid as "eventNid", e.event_id as "eventId", j.json
    from events e join event_json j using (room_nid, event_nid)
    where e.room_nid = $1 and e.event_nid = any($2)`,
);

/** The texts of these events, in no order. */
export async function eventJson(db: Queryable, roomNid: number, eventNids: readonly number[]): Promise<EventJsonRow[]> {
  return eventNids.length === 0 ? [] : db.query<EventJsonRow>(byNids, [roomNid, eventNids]);
}
