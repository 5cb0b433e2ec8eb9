// Table `appservice_cursors` and what moves together with a cursor: the frozen transaction, the one before it that was acknowledged,
// the counts of interest, events set aside. All of it is one statement, so that a kill at any moment leaves either all or nothing, and a
// process that lost its lease without knowing writes nothing (next_txn_id has moved on).

import { type Queryable, statement } from '../database.ts';

export interface CursorRow {
  readonly position: number;
  readonly nextTxnId: number;
  readonly countedAt: number;
  readonly countedFor: string;
  readonly paused: boolean;
}

const byId = statement(
  'appservice_cursors.by_id',
  `select position, next_txn_id as "nextTxnId", counted_at as "countedAt", counted_for as "countedFor", paused
    from appservice_cursors where appservice_id = $1`,
);

/** The cursor of an application service that was followed before. */
export async function findCursor(db: Queryable, appserviceId: string): Promise<CursorRow | undefined> {
  return (await db.query<CursorRow>(byId, [appserviceId]))[0];
}

const create = statement(
  'appservice_cursors.create',
  `insert into appservice_cursors (appservice_id, position, next_txn_id, counted_at, counted_for)
    values ($1, $2, $3, $2, $4)
    on conflict (appservice_id) do update set counted_at = excluded.counted_at, counted_for = excluded.counted_for`,
);

/** A first cursor at a position; of one that is there, only what its interest was counted for. */
export async function putCursor(
  db: Queryable,
  cursor: { appserviceId: string; position: number; firstTxnId: number; countedFor: string },
): Promise<void> {
  await db.query(create, [cursor.appserviceId, cursor.position, cursor.firstTxnId, cursor.countedFor]);
}

/** What a transaction is when it is frozen. */
export interface FrozenRow {
  readonly txnId: number;
  readonly body: Buffer;
  readonly positions: readonly number[];
  readonly createdTs: number;
}

/** One step of an application service's delivery. */
export interface CursorStep {
  readonly appserviceId: string;
  /** next_txn_id as this process knows it: another value means that somebody else moved on, and nothing is written. */
  readonly nextTxnId: number;
  readonly position: number;
  /** The transaction that was acknowledged, split or set aside: it goes. */
  readonly done?: number;
  readonly frozen?: FrozenRow;
  readonly counts?: readonly { readonly roomNid: number; readonly members: number }[];
  readonly setAside?: { readonly positions: readonly number[]; readonly reason: string; readonly createdTs: number };
  /** Positions that were set aside and are in `frozen` again. */
  readonly replayed?: readonly number[];
}

// counted_at never goes back: a cursor that does (a split) must not count the same joins again.
const step = statement(
  'appservice_cursors.step',
  `with moved as (
      update appservice_cursors set position = $3, counted_at = greatest(counted_at, $3),
        next_txn_id = case when $5::bytea is null then next_txn_id else $2 + 1 end
      where appservice_id = $1 and next_txn_id = $2 returning appservice_id),
    done as (delete from appservice_transactions t using moved
      where t.appservice_id = moved.appservice_id and t.txn_id = $4),
    frozen as (insert into appservice_transactions (appservice_id, txn_id, body, positions, created_ts)
      select appservice_id, $2, $5, $6, $7 from moved where $5::bytea is not null),
    counted as (insert into appservice_interest (room_nid, appservice_id, members)
      select c.room_nid, moved.appservice_id, c.members
        from moved, unnest($8::bigint[], $9::int[]) as c (room_nid, members)
      on conflict (room_nid, appservice_id) do update set members = excluded.members),
    aside as (insert into appservice_set_aside (appservice_id, position, reason, created_ts)
      select moved.appservice_id, s.position, $11, $12 from moved, unnest($10::bigint[]) as s (position)
      on conflict (appservice_id, position) do update
        set reason = excluded.reason, created_ts = excluded.created_ts, replay = false),
    replayed as (delete from appservice_set_aside s using moved
      where s.appservice_id = moved.appservice_id and s.position = any($13::bigint[]))
    select appservice_id from moved`,
);

/** Writes a step; false when the cursor has been moved by somebody else. */
export async function writeStep(
  db: Queryable,
  { frozen, counts = [], setAside, ...move }: CursorStep,
): Promise<boolean> {
  const rows = await db.query(step, [
    move.appserviceId,
    move.nextTxnId,
    move.position,
    move.done ?? null,
    frozen?.body ?? null,
    frozen?.positions ?? null,
    frozen?.createdTs ?? null,
    counts.map(({ roomNid }) => roomNid),
    counts.map(({ members }) => members),
    setAside?.positions ?? [],
    setAside?.reason ?? null,
    setAside?.createdTs ?? null,
    move.replayed ?? [],
  ]);
  return rows.length === 1;
}

/** A cursor that moved on without a transaction. */
export interface IdleStep {
  readonly appserviceId: string;
  readonly nextTxnId: number;
  readonly position: number;
  /** 0: none. */
  readonly done: number;
}

const idle = statement(
  'appservice_cursors.idle',
  `with moved as (
      update appservice_cursors c set position = v.position, counted_at = greatest(c.counted_at, v.position)
      from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) as v (appservice_id, next_txn_id, position, done)
      where c.appservice_id = v.appservice_id and c.next_txn_id = v.next_txn_id and c.position <= v.position
      returning c.appservice_id, v.done)
    delete from appservice_transactions t using moved
    where t.appservice_id = moved.appservice_id and t.txn_id = moved.done`,
);

/** Moves the cursors of application services that nothing concerned: many in one statement. */
export async function writeIdleSteps(db: Queryable, steps: readonly IdleStep[]): Promise<void> {
  if (steps.length === 0) return;
  await db.query(idle, [
    steps.map((one) => one.appserviceId),
    steps.map((one) => one.nextTxnId),
    steps.map((one) => one.position),
    steps.map((one) => one.done),
  ]);
}

const pause = statement(
  'appservice_cursors.pause',
  'update appservice_cursors set paused = $2 where appservice_id = $1 returning appservice_id',
);

/** Stops or resumes the sending; false when the application service was never followed. */
export async function setPaused(db: Queryable, appserviceId: string, paused: boolean): Promise<boolean> {
  return (await db.query(pause, [appserviceId, paused])).length === 1;
}
