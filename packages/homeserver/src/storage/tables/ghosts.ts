// Many accounts at once: users of application services, looked up, made and named in one statement each. Tables `users` and `profiles`.
import { type Queryable, statement } from '../database.ts';
import { binaryArray } from '../group-commit-arrays.ts';

/** An account that is there, and what memberships repeat of its profile. */
export interface NamedUserRow {
  readonly userId: string;
  readonly displayname: string | null;
  readonly avatarUrl: string | null;
}

/** One that was looked up. */
export interface KnownUserRow extends NamedUserRow {
  readonly locked: boolean;
  readonly suspended: boolean;
}

const known = statement(
  'ghosts.known',
  `select u.user_id as "userId", p.displayname, p.avatar_url as "avatarUrl", u.locked, u.suspended
    from unnest($1::text[]) as w(user_id)
    cross join lateral (select * from users t where t.user_id = w.user_id and t.deactivated_ts is null limit 1) u
    left join lateral (select * from profiles t where t.user_id = w.user_id limit 1) p on true`,
);

/** Those of these users that are there and not deactivated, in no order. */
export async function findKnownUsers(db: Queryable, userIds: readonly string[]): Promise<KnownUserRow[]> {
  return userIds.length === 0 ? [] : db.query<KnownUserRow>(known, [binaryArray('text', userIds)]);
}

const insert = statement(
  'ghosts.insert',
  `insert into users (user_id, created_ts, appservice_id)
    select w.user_id, $2, $3 from unnest($1::text[]) as w(user_id)
    on conflict (user_id) do nothing returning user_id as "userId"`,
);

/** Makes those that are not there. @returns whom it made */
export async function insertGhosts(
  db: Queryable,
  userIds: readonly string[],
  made: { readonly createdTs: number; readonly appserviceId: string },
): Promise<string[]> {
  if (userIds.length === 0) return [];
  const rows = await db.query<{ userId: string }>(insert, [
    binaryArray('text', userIds),
    made.createdTs,
    made.appserviceId,
  ]);
  return rows.map(({ userId }) => userId);
}

const name = statement(
  'ghosts.name',
  `insert into profiles as p (user_id, displayname, avatar_url)
    select w.user_id, w.displayname, w.avatar_url from unnest($1::text[], $2::text[], $3::text[]) as w(user_id, displayname, avatar_url)
    on conflict (user_id) do update set displayname = excluded.displayname, avatar_url = excluded.avatar_url
      where (p.displayname, p.avatar_url) is distinct from (excluded.displayname, excluded.avatar_url)
    returning p.user_id as "userId"`,
);

/** Gives users their names and avatars. @returns whose changed */
export async function nameUsers(db: Queryable, users: readonly NamedUserRow[]): Promise<string[]> {
  if (users.length === 0) return [];
  const rows = await db.query<{ userId: string }>(name, [
    users.map(({ userId }) => userId),
    users.map(({ displayname }) => displayname),
    users.map(({ avatarUrl }) => avatarUrl),
  ]);
  return rows.map(({ userId }) => userId);
}
