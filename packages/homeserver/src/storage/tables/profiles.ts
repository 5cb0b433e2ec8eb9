// Table `profiles`: display name, avatar and the other fields (a JSON object) of local users.

import { type Queryable, statement } from '../database.ts';
import { gathered, inOrder } from '../gather.ts';

export interface ProfileRow {
  readonly user_id: string;
  readonly displayname: string | null;
  readonly avatar_url: string | null;
  /** JSON object of the other fields. */
  readonly fields: string;
}

const byUsers = statement(
  'profiles.by_users',
  `select w.nth::int as nth, p.* from unnest($1::text[]) with ordinality as w(user_id, nth) cross join lateral (
      select user_id, displayname, avatar_url, fields from profiles t where t.user_id = w.user_id limit 1) p`,
  { fixedPlan: true },
);

/** A user's profile; undefined when nothing was ever set. */
export const findProfile: (db: Queryable, userId: string) => Promise<ProfileRow | undefined> = gathered(
  (userId: string) => userId,
  async (db, userIds) => inOrder(await db.query<ProfileRow & { nth: number }>(byUsers, [userIds]), userIds.length),
);

const lock = statement(
  'profiles.lock',
  `insert into profiles (user_id) values ($1) on conflict (user_id) do update set user_id = excluded.user_id
         returning user_id, displayname, avatar_url, fields`,
);

/** A user's profile, made where there is none, its row locked until the transaction ends. */
export async function lockProfile(tx: Queryable, userId: string): Promise<ProfileRow> {
  const row = (await tx.query<ProfileRow>(lock, [userId]))[0];
  return row ?? { user_id: userId, displayname: null, avatar_url: null, fields: '{}' };
}

const save = statement(
  'profiles.save',
  `update profiles set displayname = $2, avatar_url = $3, fields = $4 where user_id = $1`,
);

/** Writes a locked profile back. */
export async function saveProfile(tx: Queryable, row: ProfileRow): Promise<void> {
  await tx.query(save, [row.user_id, row.displayname, row.avatar_url, row.fields]);
}

const remove = statement('profiles.delete', `delete from profiles where user_id = $1`);

/** Forgets a profile (deactivation with erasure). */
export async function deleteProfile(tx: Queryable, userId: string): Promise<void> {
  await tx.query(remove, [userId]);
}
