// Table `users`: the accounts of this server. Written by accounts/ in short transactions of its own; nothing here takes a position.

import { type Queryable, statement } from '../database.ts';
import { gathered, inOrder } from '../gather.ts';

export interface UserRow {
  readonly user_id: string;
  readonly password_hash: string | null;
  readonly created_ts: number;
  readonly admin: boolean;
  readonly guest: boolean;
  readonly deactivated_ts: number | null;
  readonly appservice_id: string | null;
  readonly locked: boolean;
  readonly suspended: boolean;
}

export interface NewUser {
  readonly userId: string;
  readonly passwordHash: string | null;
  readonly createdTs: number;
  readonly admin: boolean;
  readonly guest: boolean;
  readonly appserviceId: string | null;
}

const insert = statement(
  'users.insert',
  `insert into users (user_id, password_hash, created_ts, admin, guest, appservice_id)
         values ($1, $2, $3, $4, $5, $6) on conflict (user_id) do nothing returning user_id`,
);

/** Creates an account; false when the user id is taken (also by a deactivated account). */
export async function insertUser(db: Queryable, user: NewUser): Promise<boolean> {
  const rows = await db.query<{ user_id: string }>(insert, [
    user.userId,
    user.passwordHash,
    user.createdTs,
    user.admin,
    user.guest,
    user.appserviceId,
  ]);
  return rows.length === 1;
}

const byIds = statement(
  'users.by_ids',
  `select w.nth::int as nth, u.* from unnest($1::text[]) with ordinality as w(user_id, nth) cross join lateral (
      select user_id, password_hash, created_ts, admin, guest, deactivated_ts, appservice_id, locked, suspended from users t
      where t.user_id = w.user_id limit 1) u`,
  { fixedPlan: true },
);

/** One account, deactivated ones included. */
export const findUser: (db: Queryable, userId: string) => Promise<UserRow | undefined> = gathered(
  (userId: string) => userId,
  async (db, userIds) => inOrder(await db.query<UserRow & { nth: number }>(byIds, [userIds]), userIds.length),
);

const setPassword = statement(
  'users.set_password_hash',
  `update users set password_hash = $2 where user_id = $1 and deactivated_ts is null`,
);

/** Replaces the password hash of an active account. */
export async function setPasswordHash(db: Queryable, userId: string, passwordHash: string): Promise<void> {
  await db.query(setPassword, [userId, passwordHash]);
}

const deactivate = statement(
  'users.deactivate',
  `update users set deactivated_ts = $2, password_hash = null where user_id = $1 and deactivated_ts is null`,
);

/** Ends an account. Its user id is never given out again. */
export async function deactivateUser(db: Queryable, userId: string, deactivatedTs: number): Promise<void> {
  await db.query(deactivate, [userId, deactivatedTs]);
}

const revive = statement(
  'users.revive',
  `update users set deactivated_ts = null where user_id = $1 and appservice_id = $2 and deactivated_ts is not null`,
);

/** Takes back the end of an account, if it is this application service's own. */
export async function reviveUser(db: Queryable, userId: string, appserviceId: string): Promise<void> {
  await db.query(revive, [userId, appserviceId]);
}

const restrict = statement(
  'users.restrict',
  `update users set locked = coalesce($2::boolean, locked), suspended = coalesce($3::boolean, suspended)
    where user_id = $1 and deactivated_ts is null`,
);

/** Locks or suspends an active account, or takes it back; what is null stays as it is. */
export async function restrictUser(
  db: Queryable,
  userId: string,
  { locked, suspended }: { readonly locked: boolean | null; readonly suspended: boolean | null },
): Promise<void> {
  await db.query(restrict, [userId, locked, suspended]);
}

const page = statement(
  'users.page',
  `select user_id, password_hash, created_ts, admin, guest, deactivated_ts, appservice_id, locked, suspended from users
    where user_id > $1 and (appservice_id is null or $2) order by user_id limit $3`,
);

/** Accounts after the last one seen; those of application services only when asked for. */
export async function usersAfter(
  db: Queryable,
  after: string,
  options: { readonly ghosts: boolean; readonly limit: number },
): Promise<UserRow[]> {
  return db.query<UserRow>(page, [after, options.ghosts, options.limit]);
}
