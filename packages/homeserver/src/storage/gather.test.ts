// Look-ups that gather, without a database: who shares a statement with whom.
import { describe, expect, it } from 'vitest';
import type { Queryable } from './database.ts';
import { gathered, inOrder } from './gather.ts';

const database = (): Queryable => ({ query: () => Promise.resolve([]) });

describe('look-ups by key', () => {
  it('that come in one turn are one statement, those that come meanwhile the next', async () => {
    const asked: string[][] = [];
    let finish: (() => void) | undefined;
    const find = gathered(
      (key: string) => key,
      async (_db, keys) => {
        asked.push([...keys]);
        if (asked.length === 1) await new Promise<void>((resolve) => (finish = resolve));
        return keys.map((key) => (key === 'none' ? undefined : key.toUpperCase()));
      },
    );
    const db = database();
    const first = [find(db, 'a'), find(db, 'none')];
    await new Promise(setImmediate);
    const second = [find(db, 'b'), find(db, 'c'), find(db, 'a')];
    await new Promise(setImmediate);
    finish?.();
    expect(await Promise.all([...first, ...second])).toEqual(['A', undefined, 'B', 'C', 'A']);
    expect(asked).toEqual([
      ['a', 'none'],
      ['b', 'c', 'a'],
    ]);
  });

  it('of two transactions go their own ways', async () => {
    const asked: Queryable[] = [];
    const find = gathered(
      (key: string) => key,
      (db, keys) => {
        asked.push(db);
        return Promise.resolve(keys);
      },
    );
    const [one, other] = [database(), database()];
    await Promise.all([find(one, 'a'), find(other, 'b')]);
    expect(asked).toEqual([one, other]);
  });

  it('fail together, and the next ones work again', async () => {
    let fails = true;
    const find = gathered(
      (key: string) => key,
      (_db, keys) => (fails ? Promise.reject(new Error('away')) : Promise.resolve(keys)),
    );
    const db = database();
    const results = await Promise.allSettled([find(db, 'a'), find(db, 'b')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await find(db, 'a')).toBe('a');
  });

  it('with U+0000 find nothing and ask nothing', async () => {
    const find = gathered(
      (key: string) => key,
      () => Promise.reject(new Error('asked')),
    );
    expect(await find(database(), 'a\0b')).toBeUndefined();
  });
});

it('rows are put into the order of their keys', () => {
  expect(inOrder([{ nth: 3 }, { nth: 1 }], 3)).toEqual([{ nth: 1 }, undefined, { nth: 3 }]);
});
