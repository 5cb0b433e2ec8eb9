// Reads of `events` with their text, in the order of the room's history (order_major, order_minor).
// Rows without a position (outliers, rejected, soft-failed) are never part of a page. Only the door writes it.
import { type Queryable, statement } from '../database.ts';
import { erasedAt } from './erasures.ts';

/** An event as it is read for somebody: its row, its text, what redacted it and what it replaced. */
export interface TimelineRow {
  readonly roomNid: number;
  readonly eventNid: number;
  readonly eventId: string;
  readonly position: number | null;
  readonly orderMajor: number;
  readonly orderMinor: number;
  readonly type: string;
  readonly sender: string;
  /** null: not a state event. */
  readonly keyNid: number | null;
  readonly depth: number;
  readonly originServerTs: number;
  /** The state before it. */
  readonly line: number;
  readonly stateVersion: number;
  /** Version of line 0 just before it, where it did not come at the end of the room. */
  readonly currentVersion: number | null;
  readonly transactionKey: string | null;
  readonly trace: string | null;
  readonly json: string;
  /** The redaction that took effect, if any. */
  readonly redactionId: string | null;
  readonly redactionJson: string | null;
  /** The value of the same key before this state event, if any. */
  readonly replacesId: string | null;
  readonly replacesJson: string | null;
  /** Position at which its sender was erased, if they were after it. */
  readonly erasedAt: number | null;
}

/** A place in a room's history; an event's own, or between two. */
export interface HistoryPlace {
  readonly major: number;
  readonly minor: number;
}

const columns = `e.room_nid as "roomNid", e.event_nid as "eventNid", e.event_id as "eventId", e.position,
  e.order_major as "orderMajor", e.order_minor as "orderMinor", e.type, e.sender, e.key_nid as "keyNid", e.depth,
  e.origin_server_ts as "originServerTs", e.line, e.state_version as "stateVersion", e.current_version as "currentVersion",
  e.transaction_key as "transactionKey", e.trace, j.json,
  redaction.event_id as "redactionId", redaction.json as "redactionJson",
  replaced.event_id as "replacesId", replaced.json as "replacesJson",
  ${erasedAt} as "erasedAt"`;

// Each part is a lookup by primary key whatever the planner believes: `limit 1` keeps it from joining the other way round, and comparing
// and ordering rows leaves it only the primary key of events (one key of room_state has no other index). With plain joins on tables that
// were never analysed, or planned once while they were empty, one event of a room read all events and all state of that room.
const eventAt = (nid: string) => `
    select r.room_nid, r.event_nid, r.event_id,
      (select t.json from event_json t where t.room_nid = r.room_nid and t.event_nid = r.event_nid) as json
    from events r where ${nid} is not null and (r.room_nid, r.event_nid) >= (e.room_nid, ${nid})
    order by r.room_nid, r.event_nid limit 1`;
const replacedNid = 'case when own.key_nid is null then base.event_nid else own.event_nid end';
const joins = `join lateral (
    select t.json from event_json t where t.room_nid = e.room_nid and t.event_nid = e.event_nid limit 1) j on true
  left join lateral (${eventAt('e.redacted_by')}) redaction
    on redaction.room_nid = e.room_nid and redaction.event_nid = e.redacted_by
  left join lateral (
    select s.key_nid, s.event_nid from room_state s
    where e.key_nid is not null and s.room_nid = e.room_nid and s.line = e.line
      and s.key_nid = e.key_nid and s.from_version <= e.state_version
    order by s.from_version desc limit 1) own on true
  left join lateral (
    select s.key_nid, s.event_nid from room_state s
    where e.line <> 0 and e.key_nid is not null and own.key_nid is null and s.room_nid = e.room_nid and s.line = 0
      and s.key_nid = e.key_nid
      and s.from_version <= (select l.base_version from state_lines l where l.room_nid = e.room_nid and l.line = e.line)
    order by s.from_version desc limit 1) base on true
  left join lateral (${eventAt(replacedNid)}) replaced
    on replaced.room_nid = e.room_nid and replaced.event_nid = ${replacedNid}`;

// Timelines of many rooms at once (stream.ts) are read in the same form.
export { columns as timelineColumns, joins as timelineJoins };

const byId = statement(
  'events.by_id',
  `select ${columns} from events e ${joins}
    where e.room_nid = $1 and e.event_id = $2 and not e.outlier and not e.rejected and not e.soft_failed`,
);

/** An event that the room shows, by its id. */
export async function eventById(db: Queryable, roomNid: number, eventId: string): Promise<TimelineRow | undefined> {
  return (await db.query<TimelineRow>(byId, [roomNid, eventId]))[0];
}

const byNids = statement(
  'events.by_nids',
  `select ${columns} from events e ${joins} where e.room_nid = $1 and e.event_nid = any($2)`,
);

/** These events of a room, in no order. */
export async function eventsByNids(
  db: Queryable,
  roomNid: number,
  eventNids: readonly number[],
): Promise<TimelineRow[]> {
  return eventNids.length === 0 ? [] : db.query<TimelineRow>(byNids, [roomNid, eventNids]);
}

const backwards = statement(
  'events.backwards',
  `select ${columns} from (
      select * from events
      where room_nid = $1 and position is not null and (order_major, order_minor) <= ($2, $3)
        and (order_major, order_minor) > ($4, $5)
      order by order_major desc, order_minor desc limit $6) e ${joins}
    order by e.order_major desc, e.order_minor desc`,
);

const forwards = statement(
  'events.forwards',
  `select ${columns} from (
      select * from events
      where room_nid = $1 and position is not null and (order_major, order_minor) > ($2, $3)
        and (order_major, order_minor) <= ($4, $5)
      order by order_major, order_minor limit $6) e ${joins}
    order by e.order_major, e.order_minor`,
);

/** Before everything in a room, and after everything. */
export const historyStart: HistoryPlace = { major: Number.MIN_SAFE_INTEGER, minor: 0 };
export const historyEnd: HistoryPlace = { major: Number.MAX_SAFE_INTEGER, minor: Number.MAX_SAFE_INTEGER };

/** Events at or before `from` and after `to`, the newest first. */
export async function eventsBackwards(
  db: Queryable,
  roomNid: number,
  range: { readonly from: HistoryPlace; readonly to?: HistoryPlace; readonly limit: number },
): Promise<TimelineRow[]> {
  const to = range.to ?? historyStart;
  return db.query<TimelineRow>(backwards, [
    roomNid,
    range.from.major,
    range.from.minor,
    to.major,
    to.minor,
    range.limit,
  ]);
}

/** Events after `from` up to and with `to`, the oldest first. */
export async function eventsForwards(
  db: Queryable,
  roomNid: number,
  range: { readonly from: HistoryPlace; readonly to?: HistoryPlace; readonly limit: number },
): Promise<TimelineRow[]> {
  const to = range.to ?? historyEnd;
  return db.query<TimelineRow>(forwards, [
    roomNid,
    range.from.major,
    range.from.minor,
    to.major,
    to.minor,
    range.limit,
  ]);
}

// Two steps, so that the planner finds the time by events_by_ts whatever it believes of the table.
const nearestBefore = statement(
  'events.nearest_before_ts',
  `select event_id as "eventId", origin_server_ts as "originServerTs" from events
    where room_nid = $1 and position is not null and origin_server_ts = (
      select max(t.origin_server_ts) from events t
      where t.room_nid = $1 and t.position is not null and t.origin_server_ts <= $2)
    order by order_major desc, order_minor desc limit 1`,
);
const nearestAfter = statement(
  'events.nearest_after_ts',
  `select event_id as "eventId", origin_server_ts as "originServerTs" from events
    where room_nid = $1 and position is not null and origin_server_ts = (
      select min(t.origin_server_ts) from events t
      where t.room_nid = $1 and t.position is not null and t.origin_server_ts >= $2)
    order by order_major, order_minor limit 1`,
);

/** The event closest to a time, looking back ('b') or forward ('f'). */
export async function eventNearest(
  db: Queryable,
  roomNid: number,
  ts: number,
  direction: 'b' | 'f',
): Promise<{ readonly eventId: string; readonly originServerTs: number } | undefined> {
  const rows = await db.query<{ eventId: string; originServerTs: number }>(
    direction === 'b' ? nearestBefore : nearestAfter,
    [roomNid, ts],
  );
  return rows[0];
}

const related = statement(
  'events.related',
  `with recursive below as (
      select r.event_nid, e.event_id, 1 as depth from event_relations r join events e using (room_nid, event_nid)
      where r.room_nid = $1 and r.relates_to = $2 and ($3::text is null or r.rel_type = $3)
      union
      select r.event_nid, e.event_id, below.depth + 1 from below
      join event_relations r on r.room_nid = $1 and r.relates_to = below.event_id
      join events e on e.room_nid = $1 and e.event_nid = r.event_nid
      where below.depth < $4)
    select ${columns} from (
      select e.* from events e
      where e.room_nid = $1 and e.event_nid in (select event_nid from below) and e.position is not null
        and ($5::text is null or e.type = $5)
        and case when $6 then (e.order_major, e.order_minor) > ($7, $8) and (e.order_major, e.order_minor) <= ($9, $10)
          else (e.order_major, e.order_minor) <= ($7, $8) and (e.order_major, e.order_minor) > ($9, $10) end
      order by case when $6 then e.order_major else -e.order_major end, case when $6 then e.order_minor else -e.order_minor end
      limit $11) e ${joins}
    order by case when $6 then e.order_major else -e.order_major end, case when $6 then e.order_minor else -e.order_minor end`,
);

/** What a page of related events is cut from. */
export interface RelatedRange {
  readonly eventId: string;
  readonly relType?: string;
  readonly eventType?: string;
  /** 1: direct children only. */
  readonly depthMax: number;
  readonly direction: 'b' | 'f';
  readonly from: HistoryPlace;
  readonly to: HistoryPlace;
  readonly limit: number;
}

/** Events that relate to one, in the order asked for. */
export async function relatedEvents(db: Queryable, roomNid: number, range: RelatedRange): Promise<TimelineRow[]> {
  return db.query<TimelineRow>(related, [
    roomNid,
    range.eventId,
    range.relType ?? null,
    range.depthMax,
    range.eventType ?? null,
    range.direction === 'f',
    range.from.major,
    range.from.minor,
    range.to.major,
    range.to.minor,
    range.limit,
  ]);
}

const redactionsSince = statement(
  'events.redactions_since',
  `select exists (
      select from events where room_nid = $1 and order_major > $2 and position is not null and type = 'm.room.redaction'
    ) as found`,
);

/** Whether a redaction was stored in the room after a position. */
export async function redactedSince(db: Queryable, roomNid: number, position: number): Promise<boolean> {
  return (await db.query<{ found: boolean }>(redactionsSince, [roomNid, position]))[0]?.found ?? false;
}

const targetById = statement(
  'events.target_by_id',
  `select e.event_nid as "eventNid", e.event_id as "eventId", e.sender, e.redacted_by as "redactedBy",
      e.outlier or e.rejected or e.soft_failed as hidden, j.json
    from events e join event_json j using (room_nid, event_nid)
    where e.room_nid = $1 and e.event_id = any($2)`,
);

/** An event that is about to be redacted. */
export interface RedactionTargetRow {
  readonly eventNid: number;
  readonly eventId: string;
  readonly sender: string;
  readonly redactedBy: number | null;
  /** Nobody is shown it by itself. */
  readonly hidden: boolean;
  readonly json: string;
}

/** The events that redactions of a part point to; unknown ids are missing. */
export async function redactionTargets(
  db: Queryable,
  roomNid: number,
  eventIds: readonly string[],
): Promise<RedactionTargetRow[]> {
  return eventIds.length === 0 ? [] : db.query<RedactionTargetRow>(targetById, [roomNid, eventIds]);
}

const positionById = statement(
  'events.position_by_id',
  'select position from events where room_nid = $1 and event_id = $2',
);

/** The position of an event, if it has one. */
export async function positionOf(db: Queryable, roomNid: number, eventId: string): Promise<number | undefined> {
  return (await db.query<{ position: number | null }>(positionById, [roomNid, eventId]))[0]?.position ?? undefined;
}

const textInRoom = statement(
  'events.text_in_room',
  `select j.json from rooms r join events e using (room_nid) join event_json j using (room_nid, event_nid)
    where r.room_id = $1 and e.event_id = $2`,
);

/** The text of an event of a room, by their ids. */
export async function eventText(db: Queryable, roomId: string, eventId: string): Promise<string | undefined> {
  return (await db.query<{ json: string }>(textInRoom, [roomId, eventId]))[0]?.json;
}
