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
      e.bulk_by as "bulkBy"
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

const texts = statement(
  'appservice_stream.texts',
  `select ${textColumns} from unnest($1::bigint[], $2::bigint[]) as wanted (room_nid, event_nid)
    join events e on e.room_nid = wanted.room_nid and e.event_nid = wanted.event_nid ${timelineJoins}
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

/** A row of the stream that is no event. */
export interface StreamExtraRow {
  readonly position: number;
  readonly kind: 'receipt' | 'toDevice' | 'deviceList';
  /** Whose receipt or device list, or who is to get the message. */
  readonly userId: string;
  /** Of receipts; 0 otherwise. */
  readonly roomNid: number;
  readonly type: string;
  readonly threadId: string;
  readonly eventId: string;
  readonly ts: number;
  /** Of messages: to which device, and {type, sender, content}. */
  readonly deviceId: string;
  readonly json: string;
}

const extras = (where: string, wants: (kind: string) => string) => `
  select position, 'receipt' as kind, user_id as "userId", room_nid as "roomNid", type, thread_id as "threadId",
      event_id as "eventId", ts, '' as "deviceId", '' as json from receipts where ${where} and ${wants('receipt')}
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

const firstSince = statement(
  'appservice_stream.first_since',
  'select min(position) as position from events where position is not null and origin_server_ts >= $1',
);

/** The first event of the stream that says it is of this time or later. Reads all events: for operators. */
export async function firstPositionSince(db: Queryable, ts: number): Promise<number | undefined> {
  return (await db.query<{ position: number | null }>(firstSince, [ts]))[0]?.position ?? undefined;
}

const head = statement('appservice_stream.head', 'select value from position');

/** The latest position. */
export async function streamHead(db: Queryable): Promise<number> {
  return (await db.query<{ value: number }>(head))[0]?.value ?? 0;
}
