// What the delivery to application services reads of the stream: rows by position, and the texts of those that somebody wants.
// The page is light (no texts), so that rows which concern nobody cost next to nothing.

import { type Queryable, statement } from '../database.ts';
import { type TimelineRow, timelineColumns, timelineJoins } from './events.ts';

/** A row of the stream without its text. */
export interface StreamPageRow {
  readonly position: number;
  readonly roomNid: number;
  readonly eventNid: number;
  readonly eventId: string;
  readonly type: string;
  readonly sender: string;
  /** null: not a state event. */
  readonly stateKey: string | null;
  readonly originServerTs: number;
  readonly trace: string | null;
  /** The application service that made it in bulk, and is not told. */
  readonly bulkBy: string | null;
  /** It did not come at the end of the room: what it changed of the current state is told by memberChanges(). */
  readonly elsewhere: boolean;
}

/** A page and how far it reaches: nothing between its rows and `upTo` was left out. */
export interface StreamPage {
  readonly rows: readonly StreamPageRow[];
  readonly upTo: number;
}

// As an expression it is looked up by index, whatever the planner believes of tables that have never been analysed; a join would read
// all keys of the server.
const stateKey = '(select k.state_key from state_keys k where k.key_nid = e.key_nid)';

// Head and rows in one snapshot: what is not in the page and at or below the head is no event, or history that was imported (order_minor
// below 0), which is no news.
const page = statement(
  'appservice_stream.page',
  `select p.value as head, e.position, e.room_nid as "roomNid", e.event_nid as "eventNid", e.event_id as "eventId",
      e.type, e.sender, ${stateKey} as "stateKey", e.origin_server_ts as "originServerTs", e.trace,
      e.bulk_by as "bulkBy", e.current_version is not null as elsewhere
    from position p
    left join (select * from events where position > $1 and order_minor >= 0 order by position limit $2) e on true
    order by e.position`,
);

/** The next events after a position. */
export async function streamPage(db: Queryable, after: number, limit: number): Promise<StreamPage> {
  const rows = await db.query<Omit<StreamPageRow, 'position'> & { head: number; position: number | null }>(page, [
    after,
    limit,
  ]);
  const found = rows.flatMap((row) => (row.position === null ? [] : [{ ...row, position: row.position }]));
  const head = rows[0]?.head ?? after;
  return { rows: found, upTo: found.length < limit ? Math.max(head, after) : (found.at(-1)?.position ?? after) };
}

/** An event with its text, what redacted it and what it replaced. */
export interface EventTextRow extends TimelineRow {
  readonly position: number;
  readonly stateKey: string | null;
  readonly bulkBy: string | null;
}

const textColumns = `${timelineColumns}, ${stateKey} as "stateKey", e.bulk_by as "bulkBy"`;

// Compared and ordered as rows, which leaves the primary key alone: planned while the table was empty, `=` took a smaller index and read
// the whole room for each event.
const texts = statement(
  'appservice_stream.texts',
  `select ${textColumns} from unnest($1::bigint[], $2::bigint[]) as wanted (room_nid, event_nid)
    join lateral (
      select * from events e where (e.room_nid, e.event_nid) >= (wanted.room_nid, wanted.event_nid)
      order by e.room_nid, e.event_nid limit 1) e
      on e.room_nid = wanted.room_nid and e.event_nid = wanted.event_nid ${timelineJoins}
    where e.position is not null`,
  { fixedPlan: true },
);

/** Texts of these events, in no order. */
export async function eventTexts(
  db: Queryable,
  events: readonly { readonly roomNid: number; readonly eventNid: number }[],
): Promise<EventTextRow[]> {
  if (events.length === 0) return [];
  return db.query<EventTextRow>(texts, [events.map(({ roomNid }) => roomNid), events.map(({ eventNid }) => eventNid)]);
}

const textsAt = statement(
  'appservice_stream.texts_at',
  `select ${textColumns} from events e ${timelineJoins} where e.position = any($1) order by e.position`,
);

/** Texts of the events at these positions, in their order: those of a transaction that was refused, or set aside. */
export async function eventTextsAt(db: Queryable, positions: readonly number[]): Promise<EventTextRow[]> {
  return positions.length === 0 ? [] : db.query<EventTextRow>(textsAt, [positions]);
}

/** A member of the current state, before and after an event that did not come at the end of its room. */
export interface MemberChangeRow {
  readonly roomNid: number;
  readonly eventNid: number;
  readonly userId: string;
  /** The member event before it and after it; null: none. */
  readonly wasNid: number | null;
  readonly isNid: number | null;
}

// Line 0 has moved by such an event if the next one in the room found it further on, or the room is further where there is none.
const memberChangesBy = statement(
  'appservice_stream.member_changes',
  `select w.room_nid as "roomNid", w.event_nid as "eventNid", k.state_key as "userId", was.event_nid as "wasNid",
      s.event_nid as "isNid"
    from unnest($1::bigint[], $2::bigint[]) as w (room_nid, event_nid)
    cross join lateral (
      select e.current_version, e.order_major from events e
      where e.room_nid = w.room_nid and e.event_nid = w.event_nid and e.current_version is not null limit 1) e
    cross join lateral (
      select coalesce((
        select coalesce(n.current_version, n.state_version) from events n
        where n.room_nid = w.room_nid and (n.line = 0 or n.current_version is not null) and n.position is not null
          and n.order_major > e.order_major
        order by n.order_major, n.order_minor limit 1),
        (select r.state_version from rooms r where r.room_nid = w.room_nid)) as version) next
    cross join lateral (
      select s.key_nid, s.event_nid from room_state s
      where s.room_nid = w.room_nid and s.line = 0 and s.from_version > 0 and s.from_version = e.current_version + 1
        and s.from_version <= next.version) s
    cross join lateral (
      select k.state_key from state_keys k where k.key_nid = s.key_nid and k.type = 'm.room.member' limit 1) k
    left join lateral (
      select b.key_nid, b.event_nid from room_state b
      where b.room_nid = w.room_nid and b.line = 0 and (b.key_nid, b.from_version) <= (s.key_nid, e.current_version)
      order by b.key_nid desc, b.from_version desc limit 1) was on was.key_nid = s.key_nid`,
);

/** Whose membership of the current state these events changed, theirs or that of others, having come elsewhere than at the end. */
export async function memberChanges(
  db: Queryable,
  events: readonly { readonly roomNid: number; readonly eventNid: number }[],
): Promise<MemberChangeRow[]> {
  if (events.length === 0) return [];
  return db.query<MemberChangeRow>(memberChangesBy, [
    events.map(({ roomNid }) => roomNid),
    events.map(({ eventNid }) => eventNid),
  ]);
}

/** A row of the stream that is no event. */
export interface StreamExtraRow {
  readonly position: number;
  readonly kind: 'receipt' | 'ephemeral' | 'toDevice' | 'deviceList';
  /** Whose receipt, event or device list, or who is to get the message. */
  readonly userId: string;
  /** Of receipts and ephemeral events; 0 otherwise. */
  readonly roomNid: number;
  readonly type: string;
  readonly threadId: string;
  readonly eventId: string;
  /** Of an ephemeral event: when it ends. */
  readonly ts: number;
  /** Of messages: to which device. */
  readonly deviceId: string;
  /** Of messages: {type, sender, content}; of an ephemeral event: as it is sent. */
  readonly json: string;
}

const extras = (where: string, wants: (kind: string) => string) => `
  select position, 'receipt' as kind, user_id as "userId", room_nid as "roomNid", type, thread_id as "threadId",
      event_id as "eventId", ts, '' as "deviceId", '' as json from receipts where ${where} and ${wants('receipt')}
  union all select position, 'ephemeral', user_id, room_nid, type, '', '', expires_ts, '', json from ephemeral_events
    where ${where} and ${wants('ephemeral')}
  union all select position, 'toDevice', user_id, 0, '', '', '', 0, device_id, json from to_device
    where ${where} and ${wants('toDevice')}
  union all select position, 'deviceList', user_id, 0, '', '', '', 0, '', '' from device_list_changes
    where ${where} and only_for is null and ${wants('deviceList')}
  order by position`;

const extrasBetween = statement(
  'appservice_stream.extras',
  `${extras('position > $1 and position <= $2', (kind) => `'${kind}' = any($4::text[])`)} limit $3`,
);
const extrasAt = statement(
  'appservice_stream.extras_at',
  extras('position = any($1::bigint[])', () => 'true'),
);

/** What there is besides events between two positions, of these kinds; of receipts each user's latest only, as the table has it. */
export async function streamExtras(
  db: Queryable,
  range: { readonly after: number; readonly upTo: number; readonly limit: number },
  kinds: readonly StreamExtraRow['kind'][],
): Promise<StreamExtraRow[]> {
  return db.query<StreamExtraRow>(extrasBetween, [range.after, range.upTo, range.limit, kinds]);
}

/** The same at these positions: those of a transaction that was refused, or set aside. What has been replaced since is missing. */
export async function streamExtrasAt(db: Queryable, positions: readonly number[]): Promise<StreamExtraRow[]> {
  return positions.length === 0 ? [] : db.query<StreamExtraRow>(extrasAt, [positions]);
}

// Room by room by its index of times (`offset 0` keeps it so), which reads what is of that time or later, and that is what is asked for.
const firstSince = statement(
  'appservice_stream.first_since',
  `select min(e.position) as position from rooms r
    cross join lateral (
      select e.position from events e
      where e.room_nid = r.room_nid and e.origin_server_ts >= $1 and e.position is not null offset 0) e`,
);

/** The first event of the stream that says it is of this time or later. */
export async function firstPositionSince(db: Queryable, ts: number): Promise<number | undefined> {
  return (await db.query<{ position: number | null }>(firstSince, [ts]))[0]?.position ?? undefined;
}

const head = statement('appservice_stream.head', 'select value from position');

/** The latest position. */
export async function streamHead(db: Queryable): Promise<number> {
  return (await db.query<{ value: number }>(head))[0]?.value ?? 0;
}
