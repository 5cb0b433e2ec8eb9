// Table `active_users`: on which days people were here. Days are whole ones since 1970, UTC. Written by accounts/active-users.ts, many users in
// one statement and each at most once a day; nothing here takes a position.

import { type Database, type Queryable, statement } from '../database.ts';

/** How many people were here. */
export interface ActiveCounts {
  /** Since midnight, UTC. */
  readonly today: number;
  readonly yesterday: number;
  /** In the last 30 days, today among them. */
  readonly month: number;
}

/** Days of a month, as it is counted. */
export const monthDays = 30;
/** Any number that nobody else locks: 'mau' in ASCII. */
const placeLock = 0x6d_61_75;

// Rows in order, or two processes that write the same users could wait for one another.
const note = statement(
  'active_users.note',
  `insert into active_users (user_id, last_day)
    select w.user_id, w.day from unnest($1::text[], $2::int[]) as w (user_id, day) join users u on u.user_id = w.user_id
    where u.appservice_id is null and not u.guest and u.deactivated_ts is null order by w.user_id
    on conflict (user_id) do update set day_before = active_users.last_day, last_day = excluded.last_day
      where active_users.last_day < excluded.last_day`,
);

/** Notes who was here, and on which day; users of application services and guests are left out. */
export async function noteActive(db: Queryable, days: ReadonlyMap<string, number>): Promise<void> {
  await db.query(note, [[...days.keys()], [...days.values()]]);
}

const forget = statement('active_users.forget', 'delete from active_users where user_id = $1');

/** A user has gone for good: nobody counts them any more. */
export async function forgetActive(db: Queryable, userId: string): Promise<void> {
  await db.query(forget, [userId]);
}

const counts = statement(
  'active_users.counts',
  `select count(*) filter (where last_day >= $1::int) as today,
      count(*) filter (where last_day = $1::int - 1 or day_before = $1::int - 1) as yesterday, count(*) as month
    from active_users where last_day > $1::int - ${monthDays}`,
);

/** How many were here, on this day and before. */
export async function countActive(db: Queryable, day: number): Promise<ActiveCounts> {
  const [row] = await db.query<ActiveCounts>(counts, [day]);
  return row ?? { today: 0, yesterday: 0, month: 0 };
}

const place = statement(
  'active_users.place',
  `select not exists (select from users where user_id = $1 and appservice_id is null and not guest)
      or exists (select from active_users where user_id = $1 and last_day > $2::int - ${monthDays}) as has,
    (select count(*) from active_users where last_day > $2::int - ${monthDays}) < $3::int as free`,
);
const lock = statement('active_users.lock', 'select pg_advisory_xact_lock($1)');

/** Whether a user is among the `max` of this month, or can be: then they are noted. Users of application services need no place. */
export async function takePlace(
  db: Pick<Database, 'query' | 'transaction'>,
  userId: string,
  { day, max }: { readonly day: number; readonly max: number },
): Promise<boolean> {
  const look = async (tx: Queryable) =>
    (await tx.query<{ has: boolean; free: boolean }>(place, [userId, day, max]))[0] ?? { has: false, free: false };
  const before = await look(db);
  if (before.has || !before.free) return before.has;
  return db.transaction(async (tx) => {
    // One after the other, or two would take the last place.
    await tx.query(lock, [placeLock]);
    const now = await look(tx);
    if (!now.has && now.free) await noteActive(tx, new Map([[userId, day]]));
    return now.has || now.free;
  });
}
