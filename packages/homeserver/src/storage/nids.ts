// Numbers for rooms and events, taken from the sequence `nids` a block at a time: a number costs nothing, a block one query. What is
// left of a block when the process ends is never used.
import { type Queryable, statement } from './database.ts';

/** The increment of the sequence. */
const blockSize = 1_000;

const nextBlock = statement('nids.next_block', `select nextval('nids') as first`);

/** @returns the next number; a promise only when a block must be taken first */
export function createNids(db: Queryable): () => number | Promise<number> {
  let next = 0;
  let end = 0;
  let taking: Promise<void> | undefined;

  async function takeBlock(): Promise<void> {
    const [row] = await db.query<{ first: number }>(nextBlock);
    next = row?.first ?? 0;
    end = next + blockSize;
  }

  async function nextAfterBlock(): Promise<number> {
    // Others wait for the same block, and may use it up before it is our turn.
    while (next >= end) {
      taking ??= takeBlock().finally(() => (taking = undefined));
      await taking;
    }
    next += 1;
    return next - 1;
  }

  return () => {
    if (next >= end) return nextAfterBlock();
    next += 1;
    return next - 1;
  };
}
