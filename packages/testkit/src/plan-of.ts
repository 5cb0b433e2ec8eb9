// What PostgreSQL would do for a statement of ours: for tests that hold a look-up to its index, whatever the planner knows of the tables.

import { type Queryable, registeredStatements } from '../../homeserver/src/storage/database.ts';

/**
 * The lines of EXPLAIN.
 *
 * @param values  SQL that stands in for the parameters, in order
 */
export async function planOf(db: Queryable, name: string, values: readonly string[]): Promise<string> {
  const text = registeredStatements().find((one) => one.name === name)?.text ?? '';
  const filled = values.reduce((filling, value, at) => filling.replaceAll(`$${at + 1}`, () => value), text);
  const plan = await db.query<{ 'QUERY PLAN': string }>({ name: `test.explain ${name}`, text: `explain ${filled}` });
  return plan.map((row) => row['QUERY PLAN']).join('\n');
}
