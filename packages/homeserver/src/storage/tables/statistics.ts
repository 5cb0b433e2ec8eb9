// Figures for operators: how much there is. Small tables are counted, large ones estimated from what PostgreSQL's own statistics say.
import { type Queryable, statement } from '../database.ts';

const counts = statement(
  'statistics.counts',
  `select
    (select count(*) from rooms) as rooms,
    (select count(*) from users where deactivated_ts is null) as users,
    (select value from position) as position,
    (select reltuples::bigint from pg_class where oid = 'events'::regclass) as estimate`,
);
const events = statement('statistics.events', 'select count(*) as events from events');
const used = statement('statistics.used', 'select exists (select from users) or exists (select from rooms) as used');
const answers = statement('statistics.answers', 'select 1 as one');

/** From so many events on, the estimate is used. */
const countedMax = 100_000;

/** How much there is. */
export async function storedCounts(
  db: Queryable,
): Promise<{ rooms: number; users: number; events: number; position: number }> {
  const [row] = await db.query<{ rooms: number; users: number; position: number; estimate: number }>(counts);
  const { rooms = 0, users = 0, position = 0, estimate = 0 } = row ?? {};
  if (estimate > countedMax) return { rooms, users, position, events: estimate };
  const [counted] = await db.query<{ events: number }>(events);
  return { rooms, users, position, events: counted?.events ?? 0 };
}

/** Whether a server has lived here: it has users or rooms. */
export async function databaseIsUsed(db: Queryable): Promise<boolean> {
  const [row] = await db.query<{ used: boolean }>(used);
  return row?.used === true;
}

/** Rejects when the database does not answer. */
export async function databaseAnswers(db: Queryable): Promise<void> {
  await db.query(answers);
}
