// Reads of `event_relations`: which events point to which by m.relates_to. Only the door writes it.
// https://spec.matrix.org/v1.19/client-server-api/#forming-relationships-between-events
import { type Queryable, statement } from '../database.ts';
import type { HistoryPlace } from './events.ts';

/** How many children of each kind are looked at per event when relations are bundled. */
const bundledRelationsMax = 100;

/** One event that relates to another. */
export interface RelationOfRow {
  readonly relatesTo: string;
  readonly relType: string;
  readonly eventNid: number;
  readonly eventId: string;
  readonly type: string;
  readonly sender: string;
  readonly originServerTs: number;
}

const ofTargets = statement(
  'event_relations.of_targets',
  `select r.relates_to as "relatesTo", r.rel_type as "relType", e.event_nid as "eventNid", e.event_id as "eventId",
      e.type, e.sender, e.origin_server_ts as "originServerTs"
    from unnest($2::text[]) as target(id)
    cross join unnest($3::text[]) as wanted(rel_type)
    join lateral (
      select * from event_relations r
      where r.room_nid = $1 and r.relates_to = target.id and r.rel_type = wanted.rel_type
      order by r.event_nid desc limit ${bundledRelationsMax}) r on true
    cross join lateral (select * from events e where e.room_nid = $1 and e.event_nid = r.event_nid limit 1) e
    where e.position is not null and e.redacted_by is null
    order by e.order_major desc, e.order_minor desc`,
);

/** Visible events that relate to any of these, the newest first, at most 100 for each target and kind. */
export async function relationsOf(
  db: Queryable,
  roomNid: number,
  eventIds: readonly string[],
  relTypes: readonly string[],
): Promise<RelationOfRow[]> {
  return eventIds.length === 0 ? [] : db.query<RelationOfRow>(ofTargets, [roomNid, eventIds, relTypes]);
}

const threadCounts = statement(
  'event_relations.thread_counts',
  `select r.relates_to as "relatesTo", count(*)::int as count, bool_or(e.sender = $3) as participated
    from event_relations r join events e using (room_nid, event_nid)
    where r.room_nid = $1 and r.relates_to = any($2) and r.rel_type = 'm.thread'
      and e.position is not null and e.redacted_by is null
    group by r.relates_to`,
);

/** Size of the threads below these roots, and whether a user has written in them. */
export async function threadCountsOf(
  db: Queryable,
  roomNid: number,
  eventIds: readonly string[],
  userId: string,
): Promise<{ readonly relatesTo: string; readonly count: number; readonly participated: boolean }[]> {
  return eventIds.length === 0 ? [] : db.query(threadCounts, [roomNid, eventIds, userId]);
}

const threadRootsOf = statement(
  'event_relations.thread_roots',
  `select root.event_nid as "eventNid", t.order_major as major, t.order_minor as minor
    from (
      select distinct on (r.relates_to) r.relates_to, e.order_major, e.order_minor
      from event_relations r join events e using (room_nid, event_nid)
      where r.room_nid = $1 and r.rel_type = 'm.thread' and e.position is not null and e.redacted_by is null
      order by r.relates_to, e.order_major desc, e.order_minor desc) t
    join events root on root.room_nid = $1 and root.event_id = t.relates_to and root.position is not null
    where (t.order_major, t.order_minor) <= ($2, $3)
      and ($4::text is null or root.sender = $4 or exists (
        select from event_relations o join events mine using (room_nid, event_nid)
        where o.room_nid = $1 and o.relates_to = t.relates_to and o.rel_type = 'm.thread' and mine.sender = $4))
    order by t.order_major desc, t.order_minor desc limit $5`,
);

/**
 * Roots of a room's threads with the place of each one's newest answer, the newest first.
 *
 * @param participant  only threads that this user has written in
 */
export async function threadRoots(
  db: Queryable,
  roomNid: number,
  page: { readonly from: HistoryPlace; readonly participant: string | null; readonly limit: number },
): Promise<{ readonly eventNid: number; readonly major: number; readonly minor: number }[]> {
  return db.query(threadRootsOf, [roomNid, page.from.major, page.from.minor, page.participant, page.limit]);
}
