// Table `erasures`: users who asked for erasure, and where the stream stood then. Written when an account ends (actions/deactivate-account.ts);
// each read of events tells of it (events.ts).

import { type Queryable, statement } from '../database.ts';

const insert = statement(
  'erasures.insert',
  'insert into erasures (user_id, position) select $1, value from position on conflict do nothing',
);

/** Notes that what the user has sent until now is shown to nobody who comes later. */
export async function insertErasure(db: Queryable, userId: string): Promise<void> {
  await db.query(insert, [userId]);
}

/** SQL: where the sender of the event `e` was erased first after it; null if they were not. */
export const erasedAt = `(select min(x.position) from erasures x where x.user_id = e.sender and x.position >= e.position)`;
