// Table `invalidations`: what other processes must forget. Ids become visible in order, because whoever writes one holds a lock until
// its transaction ends: a reader that has seen 8 has seen 7.
import { type Queryable, statement } from '../database.ts';

/** What a row is about. */
export type InvalidationKind = 'token' | 'user' | 'appservices' | 'room';

export interface InvalidationRow {
  readonly id: number;
  readonly kind: InvalidationKind;
  readonly key: string;
}

/** 'invalidations' as a number that nobody else uses. */
const lockKey = 0x696e_7661;

const insert = statement(
  'invalidations.insert',
  `insert into invalidations (kind, key, created_ts)
  select $1, k.key, $3 from (select pg_advisory_xact_lock($4::bigint)) l, unnest($2::text[]) as k(key)`,
);
const after = statement(
  'invalidations.after',
  'select id, kind, key from invalidations where id > $1 order by id limit $2',
);
const last = statement('invalidations.last', 'select coalesce(max(id), 0) as id from invalidations');

/** Adds rows. Last in its transaction: the others wait until that ends. */
export async function insertInvalidations(
  tx: Queryable,
  kind: InvalidationKind,
  keys: readonly string[],
  now: number,
): Promise<void> {
  if (keys.length > 0) await tx.query(insert, [kind, keys, now, lockKey]);
}

/** Rows after an id, in order. */
export async function invalidationsAfter(db: Queryable, id: number, limit: number): Promise<InvalidationRow[]> {
  return db.query<InvalidationRow>(after, [id, limit]);
}

/** The newest id. */
export async function lastInvalidation(db: Queryable): Promise<number> {
  return (await db.query<{ id: number }>(last))[0]?.id ?? 0;
}
