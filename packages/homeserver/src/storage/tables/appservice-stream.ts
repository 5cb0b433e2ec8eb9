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
  readonly trace: string | null;
}

/** A page and how far it reaches: nothing between its rows and `upTo` was left out. */
export interface StreamPage {
  readonly rows: readonly StreamPageRow[];
  readonly upTo: number;
}

// As an expression it is looked up by index, whatever the planner believes of tables that have never been analysed; a join would read
// all keys of the server.
const stateKey = '(select k.state_key from state_keys k where k.key_nid = e.key_nid)';

// Head and rows in one snapshot: what is not in the page and at or below the head is no event.
const page = statement(
  'appservice_stream.page',
  `select p.value as head, e.position, e.room_nid as "roomNid", e.event_nid as "eventNid", e.event_id as "eventId",
      e.type, e.sender, ${stateKey} as "stateKey", e.trace
    from position p
    left join (select * from events where position > $1 order by position limit $2) e on true
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
}

const textColumns = `${timelineColumns}, ${stateKey} as "stateKey"`;

const texts = statement(
  'appservice_stream.texts',
  `select ${textColumns} from unnest($1::bigint[], $2::bigint[]) as wanted (room_nid, event_nid)
    join events e on e.room_nid = wanted.room_nid and e.event_nid = wanted.event_nid ${timelineJoins}
    where e.position is not null`,
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

/** A read receipt as it became known. */
export interface StreamReceiptRow {
  readonly position: number;
  readonly roomNid: number;
  readonly userId: string;
  readonly type: string;
  readonly threadId: string;
  readonly eventId: string;
  readonly ts: number;
}

const receipts = statement(
  'appservice_stream.receipts',
  `select position, room_nid as "roomNid", user_id as "userId", type, thread_id as "threadId", event_id as "eventId", ts
    from receipts where position > $1 and position <= $2 order by position limit $3`,
);

/** Receipts between two positions; each user's latest only, as the table has it. */
export async function streamReceipts(
  db: Queryable,
  range: { readonly after: number; readonly upTo: number; readonly limit: number },
): Promise<StreamReceiptRow[]> {
  return db.query<StreamReceiptRow>(receipts, [range.after, range.upTo, range.limit]);
}

const head = statement('appservice_stream.head', 'select value from position');

/** The latest position. */
export async function streamHead(db: Queryable): Promise<number> {
  return (await db.query<{ value: number }>(head))[0]?.value ?? 0;
}
