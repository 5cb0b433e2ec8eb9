// Reads of `batch_points` and `batch_events`: where a room's imported history goes in, and which events an application service has
// brought under which names. Only the door writes them.
import { type Queryable, statement } from '../database.ts';

/** The event before which imported history stands. */
export interface BatchPointRow {
  readonly eventNid: number;
  readonly orderMajor: number;
  /** The lowest order_minor that is taken there; its own when no history has come yet. */
  readonly lowestMinor: number;
  /** Version of the room's state before it. */
  readonly stateVersion: number;
  /** Line of the history's state; null when no history has come yet. */
  readonly line: number | null;
  readonly json: string;
}

const columns = `e.event_nid as "eventNid", e.order_major as "orderMajor", e.state_version as "stateVersion", j.json,
  (select m.order_minor from events m where m.room_nid = e.room_nid and m.order_major = e.order_major and m.position is not null
    order by m.order_major, m.order_minor limit 1) as "lowestMinor"`;

const point = statement(
  'batches.point',
  `select ${columns}, p.line from batch_points p
    join events e on e.room_nid = p.room_nid and e.event_nid = p.event_nid
    join event_json j on j.room_nid = e.room_nid and j.event_nid = e.event_nid
    where p.room_nid = $1`,
);
const firstMessage = statement(
  'batches.first_message',
  `select ${columns}, null::int as line from (
      select * from events where room_nid = $1 and position is not null and key_nid is null and line = 0
      order by order_major, order_minor limit 1) e
    join event_json j on j.room_nid = e.room_nid and j.event_nid = e.event_nid`,
);

/** Where history of a room goes in; undefined while it has no message. */
export async function batchPoint(db: Queryable, roomNid: number): Promise<BatchPointRow | undefined> {
  return (
    (await db.query<BatchPointRow>(point, [roomNid]))[0] ?? (await db.query<BatchPointRow>(firstMessage, [roomNid]))[0]
  );
}

const known = statement(
  'batches.known_events',
  `select b.remote_id as "remoteId", b.event_id as "eventId"
    from unnest($3::text[]) as w(remote_id)
    cross join lateral (
      select * from batch_events t where t.room_nid = $1 and t.appservice_id = $2 and t.remote_id = w.remote_id limit 1) b`,
);

/** Event ids by the names under which an application service brought them; unknown names are missing. */
export async function batchEvents(
  db: Queryable,
  source: { readonly roomNid: number; readonly appserviceId: string },
  remoteIds: readonly string[],
): Promise<Map<string, string>> {
  if (remoteIds.length === 0) return new Map();
  const rows = await db.query<{ remoteId: string; eventId: string }>(known, [
    source.roomNid,
    source.appserviceId,
    remoteIds,
  ]);
  return new Map(rows.map(({ remoteId, eventId }) => [remoteId, eventId]));
}

const knownInRoom = statement(
  'batches.event_in_room',
  `select b.event_id as "eventId" from rooms r join batch_events b using (room_nid)
    where r.room_id = $1 and b.appservice_id = $2 and b.remote_id = $3`,
);

/** The event that an application service brought into a room under this name. */
export async function batchEventInRoom(
  db: Queryable,
  roomId: string,
  appserviceId: string,
  remoteId: string,
): Promise<string | undefined> {
  return (await db.query<{ eventId: string }>(knownInRoom, [roomId, appserviceId, remoteId]))[0]?.eventId;
}
