// Counting the rows of the tables that grow with what people say, so that PostgreSQL plans by what is in them. A table that has a few rows
// or none is left uncounted: PostgreSQL takes it for a small one that may grow, and not for one that is best read whole.
import { type Queryable, statement } from './database.ts';

/** About 400 events. */
const bytesMin = 16 * 8_192;

const analyses = new Map(
  [
    'rooms',
    'events',
    'event_json',
    'event_auth',
    'event_relations',
    'auth_chain_links',
    'state_keys',
    'room_state',
    'room_members',
    'users',
    'profiles',
    'batch_events',
    'client_transactions',
    'receipts',
    'account_data',
    'to_device',
  ].map((table) => [table, statement(`analyze.${table}`, `analyze (skip_locked) ${table}`)]),
);

const large = statement(
  'analyze.large_tables',
  'select t.name from unnest($1::text[]) as t(name) where pg_relation_size(t.name::regclass) >= $2',
);

/** Counts the larger ones anew: some milliseconds for each, a second in all with a million events. */
export async function countRows(db: Queryable): Promise<void> {
  for (const { name } of await db.query<{ name: string }>(large, [[...analyses.keys()], bytesMin])) {
    const analysis = analyses.get(name);
    if (analysis !== undefined) await db.query(analysis);
  }
}
