// Look-ups by key that come together go to the database together. A request that looks one row up costs a round trip, which costs ten
// times the row; when many users do the same at once (5,000 ghosts joining a room), their look-ups share it.
//
//   key ─┐
//   key ─┼─ this turn of the event loop ─▶ one statement ─▶ each its row
//   key ─┘        those that come while it runs: the next one
//
// Keys of one statement fail together, so what PostgreSQL does not take (U+0000) is answered before: no row has it. Reads only: which of two reads at the
// same moment comes first matters to nobody.
import type { Queryable } from './database.ts';

/** Keys of one statement. */
const keysMax = 500;

interface Waiting<Key, Row> {
  readonly key: Key;
  readonly resolve: (row: Row | undefined) => void;
  readonly reject: (error: unknown) => void;
}

interface Queue<Key, Row> {
  readonly waiting: Waiting<Key, Row>[];
  running: boolean;
}

/**
 * A look-up by key that gathers, for each database or transaction by itself.
 *
 * @param textOf  the texts of a key
 * @param load  rows in the order of the keys, undefined where there is none
 */
export function gathered<Key, Row>(
  textOf: (key: Key) => string,
  load: (db: Queryable, keys: readonly Key[]) => Promise<readonly (Row | undefined)[]>,
): (db: Queryable, key: Key) => Promise<Row | undefined> {
  const queues = new WeakMap<Queryable, Queue<Key, Row>>();

  async function run(db: Queryable, queue: Queue<Key, Row>): Promise<void> {
    while (queue.waiting.length > 0) {
      const group = queue.waiting.splice(0, keysMax);
      try {
        const rows = await load(
          db,
          group.map(({ key }) => key),
        );
        group.forEach(({ resolve }, index) => resolve(rows[index]));
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    queue.running = false;
  }

  return (db, key) =>
    new Promise((resolve, reject) => {
      if (textOf(key).includes('\0')) return resolve(undefined);
      const queue = queues.get(db) ?? { waiting: [], running: false };
      queues.set(db, queue);
      queue.waiting.push({ key, resolve, reject });
      if (queue.running) return;
      queue.running = true;
      setImmediate(() => void run(db, queue));
    });
}

/** Puts numbered rows (`nth`, from 1) into the order of the keys. */
export function inOrder<Row extends { readonly nth: number }>(
  rows: readonly Row[],
  count: number,
): (Row | undefined)[] {
  const ordered: (Row | undefined)[] = Array.from({ length: count }, () => undefined);
  for (const row of rows) ordered[row.nth - 1] = row;
  return ordered;
}
