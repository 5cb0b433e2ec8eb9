// Table `leases` and the session locks that go with it: who does a named piece of work, and the how-manieth holder that is.
import { type Queryable, statement } from '../database.ts';

const lock = statement('leases.lock', 'select pg_try_advisory_lock(hashtextextended($1, 7)) as taken');
const unlock = statement('leases.unlock', 'select pg_advisory_unlock(hashtextextended($1, 7))');
const count = statement(
  'leases.count',
  `insert into leases (name, fence) values ($1, 1)
  on conflict (name) do update set fence = leases.fence + 1 returning fence`,
);
const alive = statement('leases.alive', 'select');

/** SQL: whether nobody has the lease of this name (an expression); looking takes it for the length of the transaction. */
export const isFree = (name: string): string => `pg_try_advisory_xact_lock(hashtextextended(${name}, 7))`;

/** Takes the lock of a name for this session, if nobody has it. */
export async function tryLock(session: Queryable, name: string): Promise<boolean> {
  return (await session.query<{ taken: boolean }>(lock, [name]))[0]?.taken ?? false;
}

/** Gives it back. */
export async function releaseLock(session: Queryable, name: string): Promise<void> {
  await session.query(unlock, [name]);
}

/** The number of this holder: greater than every one before. */
export async function nextFence(session: Queryable, name: string): Promise<number> {
  return (await session.query<{ fence: number }>(count, [name]))[0]?.fence ?? 0;
}

/** Answers while the session lives. */
export async function sessionLives(session: Queryable): Promise<void> {
  await session.query(alive);
}
