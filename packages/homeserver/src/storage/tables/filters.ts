// Table `filters`: filters that clients stored, numbered from 0 for each user.

import { type Queryable, statement } from '../database.ts';

const same = statement('filters.same', `select filter_id from filters where user_id = $1 and json = $2 limit 1`);

/** The id of an identical filter of this user. */
export async function findSameFilter(db: Queryable, userId: string, json: string): Promise<number | undefined> {
  return (await db.query<{ filter_id: number }>(same, [userId, json]))[0]?.filter_id;
}

const insert = statement(
  'filters.insert',
  `insert into filters (user_id, filter_id, json)
         select $1, coalesce(max(filter_id) + 1, 0), $2 from filters where user_id = $1
         on conflict do nothing returning filter_id`,
);

/** Stores a filter under the next number; undefined when another request took that number meanwhile (try again). */
export async function insertFilter(db: Queryable, userId: string, json: string): Promise<number | undefined> {
  return (await db.query<{ filter_id: number }>(insert, [userId, json]))[0]?.filter_id;
}

const byId = statement('filters.by_id', `select json from filters where user_id = $1 and filter_id = $2`);

/** A stored filter, as JSON. */
export async function findFilter(db: Queryable, userId: string, filterId: number): Promise<string | undefined> {
  return (await db.query<{ json: string }>(byId, [userId, filterId]))[0]?.json;
}
