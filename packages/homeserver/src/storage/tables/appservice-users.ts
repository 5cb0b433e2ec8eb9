// Reads of `users` by the application service that registered them, and the aliases that such users made. Works as well when the
// application service is gone. A sender is one of its users too.

import { type Queryable, statement } from '../database.ts';

export interface AppserviceUserRow {
  readonly userId: string;
  readonly createdTs: number;
  readonly deactivatedTs: number | null;
  readonly displayname: string | null;
  /** Rooms it is joined to. */
  readonly rooms: number;
}

const page = statement(
  'appservice_users.page',
  `select u.user_id as "userId", u.created_ts as "createdTs", u.deactivated_ts as "deactivatedTs", p.displayname,
      (select count(*) from room_members m where m.user_id = u.user_id and m.membership = 'join') as rooms
    from users u left join profiles p using (user_id)
    where u.appservice_id = $1 and u.user_id > $2 order by u.user_id limit $3`,
);

/** Users of an application service after the last one seen. */
export async function appserviceUsersAfter(
  db: Queryable,
  appserviceId: string,
  after: string,
  limit: number,
): Promise<AppserviceUserRow[]> {
  return db.query<AppserviceUserRow>(page, [appserviceId, after, limit]);
}

const ids = statement(
  'appservice_users.ids',
  'select user_id as "userId" from users where appservice_id = $1 and user_id > $2 order by user_id limit $3',
);

/** The same, their ids alone. */
export async function appserviceUserIdsAfter(
  db: Queryable,
  appserviceId: string,
  after: string,
  limit: number,
): Promise<string[]> {
  return (await db.query<{ userId: string }>(ids, [appserviceId, after, limit])).map(({ userId }) => userId);
}

const counted = statement('appservice_users.count', 'select count(*) as count from users where appservice_id = $1');

/** How many users it has, deactivated ones included. */
export async function countAppserviceUsers(db: Queryable, appserviceId: string): Promise<number> {
  return (await db.query<{ count: number }>(counted, [appserviceId]))[0]?.count ?? 0;
}

// From id to id by the index: the number of users does not matter.
const owners = statement(
  'appservice_users.owners',
  `with recursive ids (id) as (
      (select appservice_id from users where appservice_id is not null order by appservice_id limit 1)
      union all
      select (select appservice_id from users where appservice_id > ids.id order by appservice_id limit 1)
        from ids where ids.id is not null)
    select id from ids where exists (select from users where appservice_id = ids.id and deactivated_ts is null)`,
);

/** Ids of all application services of which a user is still there and has not ended. */
export async function appserviceUserOwners(db: Queryable): Promise<string[]> {
  return (await db.query<{ id: string }>(owners)).map(({ id }) => id);
}

const aliases = statement(
  'appservice_users.aliases',
  `select a.alias, r.room_id as "roomId" from room_aliases a join rooms r using (room_nid)
    where a.alias > $2 and a.creator in (select user_id from users where appservice_id = $1) order by a.alias limit $3`,
);

/** Aliases that users of an application service made, after the last one seen. */
export async function aliasesOfAppserviceUsers(
  db: Queryable,
  appserviceId: string,
  after: string,
  limit: number,
): Promise<{ readonly alias: string; readonly roomId: string }[]> {
  return db.query(aliases, [appserviceId, after, limit]);
}

const remove = statement('appservice_users.delete', 'delete from users where user_id = $1 and appservice_id = $2');

/** Deletes the account of such a user, with its devices and tokens: the id may be registered anew. */
export async function deleteAppserviceUser(tx: Queryable, userId: string, appserviceId: string): Promise<void> {
  await tx.query(remove, [userId, appserviceId]);
}
