// Table `appservice_cursors` and what moves together with a cursor: the frozen transaction, the one before it that was acknowledged,
// the counts of interest, events set aside, to-device messages that are done with. All of it is one statement, so that a kill at any
// moment leaves either all or nothing. Only the holder of the latest lease writes (`fence`, stream/lease.ts), so a process that lost its
// lease without knowing is refused, however late it wakes up.

import { type Queryable, type SqlValue, statement } from '../database.ts';
import { deleteAcknowledgedToDevice } from '../purge.ts';

export interface CursorRow {
  readonly position: number;
  readonly nextTxnId: number;
  readonly countedAt: number;
  readonly countedFor: string;
  readonly paused: boolean;
  /** Where the stream stood when it was first followed. */
  readonly beganAt: number;
  /** Positions that were frozen once and go first: the rest of a transaction that was split. */
  readonly rest: readonly number[];
  /** Events in (replayAfter, replayUpto] are to be sent again. */
  readonly replayAfter: number;
  readonly replayUpto: number;
}

const columns = `position, next_txn_id as "nextTxnId", counted_at as "countedAt", counted_for as "countedFor", paused,
  began_at as "beganAt", rest, replay_after as "replayAfter", replay_upto as "replayUpto"`;

const byId = statement(
  'appservice_cursors.by_id',
  `select ${columns} from appservice_cursors where appservice_id = $1`,
);

/** The cursor of an application service that was followed before. */
export async function findCursor(db: Queryable, appserviceId: string): Promise<CursorRow | undefined> {
  return (await db.query<CursorRow>(byId, [appserviceId]))[0];
}

/** Whether it was ever ready to be sent anything: one without a url is, once it has connected. */
export function isFollowed(cursor: CursorRow | undefined): boolean {
  return cursor !== undefined && cursor.countedFor !== '';
}

/** How the delivery to an application service stands, whoever sends. */
export interface CursorState {
  readonly appserviceId: string;
  readonly paused: boolean;
  readonly isFollowed: boolean;
}

const states = statement(
  'appservice_cursors.states',
  `select appservice_id as "appserviceId", paused, counted_for <> '' as "isFollowed" from appservice_cursors`,
);

/** Of all that were registered when it was asked; for operators. */
export async function cursorStates(db: Queryable): Promise<ReadonlyMap<string, CursorState>> {
  return new Map((await db.query<CursorState>(states)).map((state) => [state.appserviceId, state]));
}

const create = statement(
  'appservice_cursors.create',
  `insert into appservice_cursors (appservice_id, position, next_txn_id, counted_at, counted_for, began_at)
    values ($1, $2, $3, $2, $4, $2)
    on conflict (appservice_id) do update set counted_at = excluded.counted_at, counted_for = excluded.counted_for`,
);

/** A first cursor at a position; of one that is there, only what its interest was counted for. */
export async function putCursor(
  db: Queryable,
  cursor: { appserviceId: string; position: number; firstTxnId: number; countedFor: string },
): Promise<void> {
  await db.query(create, [cursor.appserviceId, cursor.position, cursor.firstTxnId, cursor.countedFor]);
}

const takeOver = statement(
  'appservice_cursors.take_over',
  `update appservice_cursors set fence = $2 where appservice_id = $1 and fence <= $2 returning ${columns}`,
);

/** The cursor, for the holder of this lease alone from now on; undefined when somebody has a later one. */
export async function takeCursor(db: Queryable, appserviceId: string, fence: number): Promise<CursorRow | undefined> {
  return (await db.query<CursorRow>(takeOver, [appserviceId, fence]))[0];
}

/** What a transaction is when it is frozen. */
export interface FrozenRow {
  readonly txnId: number;
  readonly body: Buffer;
  /** Of everything in it that has one, in order. */
  readonly positions: readonly number[];
  readonly createdTs: number;
}

/** One step of an application service's delivery. */
export interface CursorStep {
  readonly appserviceId: string;
  /** Of the lease under which it is written. */
  readonly fence: number;
  /** next_txn_id as this process knows it: another value means that somebody else moved on, and nothing is written. */
  readonly nextTxnId: number;
  readonly position: number;
  readonly rest: readonly number[];
  /** The transaction that was acknowledged, split or set aside: it goes. */
  readonly done?: number;
  readonly frozen?: FrozenRow;
  readonly counts?: readonly { readonly roomNid: number; readonly members: number }[];
  readonly setAside?: { readonly positions: readonly number[]; readonly reason: string; readonly createdTs: number };
  /** Positions that were set aside and are in `frozen` again. */
  readonly replayed?: readonly number[];
  /** To-device messages that were acknowledged and are nobody else's; `others` of their readers must have passed them. */
  readonly toDevice?: { readonly positions: readonly number[]; readonly others: readonly string[] };
  /** A replay gets from here to there; nothing when it was asked for anew meanwhile. */
  readonly replay?: { readonly from: number; readonly to: number };
}

// counted_at never goes back: counts that were taken up to there must not be taken again.
const moved = (more: string) => `moved as (
      update appservice_cursors set position = $3, counted_at = greatest(counted_at, $3), rest = $8,${more}
        next_txn_id = case when $5::bytea is null then next_txn_id else $2 + 1 end
      where appservice_id = $1 and next_txn_id = $2 and fence = $9 returning appservice_id),
    done as (delete from appservice_transactions t using moved
      where t.appservice_id = moved.appservice_id and t.txn_id = $4),
    frozen as (insert into appservice_transactions (appservice_id, txn_id, body, positions, created_ts)
      select appservice_id, $2, $5, $6, $7 from moved where $5::bytea is not null)`;

// Most steps are this and no more: an empty part of the other one still opens its table and indexes.
const plainStep = statement('appservice_cursors.step', `with ${moved('')} select appservice_id from moved`);

const fullStep = statement(
  'appservice_cursors.full_step',
  `with ${moved(' replay_after = case when replay_after = $18 then $19 else replay_after end,')},
    counted as (insert into appservice_interest (room_nid, appservice_id, members)
      select c.room_nid, moved.appservice_id, c.members
        from moved, unnest($10::bigint[], $11::int[]) as c (room_nid, members)
      on conflict (room_nid, appservice_id) do update set members = excluded.members),
    aside as (insert into appservice_set_aside (appservice_id, position, reason, created_ts)
      select moved.appservice_id, s.position, $13, $14 from moved, unnest($12::bigint[]) as s (position)
      on conflict (appservice_id, position) do update
        set reason = excluded.reason, created_ts = excluded.created_ts, replay = false),
    replayed as (delete from appservice_set_aside s using moved
      where s.appservice_id = moved.appservice_id and s.position = any($15::bigint[])),
    to_device_gone as (${deleteAcknowledgedToDevice({ from: 'moved', positions: '$16', others: '$17' })})
    select appservice_id from moved`,
);

/** Writes a step; false when the cursor has been moved or taken over by somebody else. */
export async function writeStep(
  db: Queryable,
  { frozen, counts = [], setAside, replayed, toDevice, replay, ...move }: CursorStep,
): Promise<boolean> {
  const values: SqlValue[] = [
    move.appserviceId,
    move.nextTxnId,
    move.position,
    move.done ?? null,
    frozen?.body ?? null,
    frozen?.positions ?? null,
    frozen?.createdTs ?? null,
    move.rest,
    move.fence,
  ];
  const isPlain = counts.length === 0 && [setAside, replayed, toDevice, replay].every((part) => part === undefined);
  if (isPlain) return (await db.query(plainStep, values)).length === 1;
  const rows = await db.query(fullStep, [
    ...values,
    counts.map(({ roomNid }) => roomNid),
    counts.map(({ members }) => members),
    setAside?.positions ?? [],
    setAside?.reason ?? null,
    setAside?.createdTs ?? null,
    replayed ?? [],
    toDevice?.positions ?? [],
    toDevice?.others ?? [],
    replay?.from ?? null,
    replay?.to ?? null,
  ]);
  return rows.length === 1;
}

/** A cursor that moved on without a transaction. */
export interface IdleStep {
  readonly appserviceId: string;
  readonly fence: number;
  readonly nextTxnId: number;
  readonly position: number;
  /** 0: none. */
  readonly done: number;
  /** Interest that changed by what was not for it: filtered, made by itself in bulk, or by what forks came to. */
  readonly counts: readonly { readonly roomNid: number; readonly members: number }[];
}

const idle = statement(
  'appservice_cursors.idle',
  `with moved as (
      update appservice_cursors c set position = v.position, counted_at = greatest(c.counted_at, v.position)
      from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
        as v (appservice_id, next_txn_id, position, done, fence)
      where c.appservice_id = v.appservice_id and c.next_txn_id = v.next_txn_id and c.position <= v.position
        and c.fence = v.fence
      returning c.appservice_id, v.done),
    done as (delete from appservice_transactions t using moved
      where t.appservice_id = moved.appservice_id and t.txn_id = moved.done),
    counted as (insert into appservice_interest (room_nid, appservice_id, members)
      select n.room_nid, n.appservice_id, n.members
        from unnest($6::text[], $7::bigint[], $8::int[]) as n (appservice_id, room_nid, members)
        join moved on moved.appservice_id = n.appservice_id
      on conflict (room_nid, appservice_id) do update set members = excluded.members)
    select appservice_id as "appserviceId" from moved`,
);

/**
 * Moves the cursors of application services that nothing concerned: many in one statement.
 *
 * @returns those that moved; the others have been moved or taken over meanwhile
 */
export async function writeIdleSteps(db: Queryable, steps: readonly IdleStep[]): Promise<ReadonlySet<string>> {
  if (steps.length === 0) return new Set();
  const counts = steps.flatMap((one) => one.counts.map((count) => ({ ...count, appserviceId: one.appserviceId })));
  const moved = await db.query<{ appserviceId: string }>(idle, [
    steps.map((one) => one.appserviceId),
    steps.map((one) => one.nextTxnId),
    steps.map((one) => one.position),
    steps.map((one) => one.done),
    steps.map((one) => one.fence),
    counts.map((count) => count.appserviceId),
    counts.map((count) => count.roomNid),
    counts.map((count) => count.members),
  ]);
  return new Set(moved.map(({ appserviceId }) => appserviceId));
}

const askForReplay = statement(
  'appservice_cursors.ask_replay',
  `update appservice_cursors set replay_upto = position,
      replay_after = case when replay_after < replay_upto then least(replay_after, $2) else $2 end
    where appservice_id = $1 returning replay_after as after, replay_upto as "upTo"`,
);

/** Asks for everything after a position, up to the cursor, to be sent again; undefined when it was never followed. */
export async function askReplayAfter(
  db: Queryable,
  appserviceId: string,
  position: number,
): Promise<{ readonly after: number; readonly upTo: number } | undefined> {
  return (await db.query<{ after: number; upTo: number }>(askForReplay, [appserviceId, position]))[0];
}

const pause = statement(
  'appservice_cursors.pause',
  'update appservice_cursors set paused = $2 where appservice_id = $1 returning appservice_id',
);

/** Stops or resumes the sending; false when the application service was never followed. */
export async function setPaused(db: Queryable, appserviceId: string, paused: boolean): Promise<boolean> {
  return (await db.query(pause, [appserviceId, paused])).length === 1;
}
