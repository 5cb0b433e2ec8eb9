// Table `state_keys`: (type, state_key) as a number, so that a row of state is five numbers. Filled on demand and never emptied, so a
// number that is known stays true and is kept in memory.
import { LRUCache } from 'lru-cache';
import { atMost } from '../../platform/at-most.ts';
import { type Queryable, statement } from '../database.ts';
import { binaryArray } from '../group-commit-arrays.ts';

/** Numbers kept in memory, about 200 bytes each. */
const rememberedMax = 50_000;

export interface StateKeyPair {
  readonly type: string;
  readonly stateKey: string;
}
interface Found {
  /** Among the keys asked for, from 1. */
  readonly nth: number;
  readonly keyNid: number;
  readonly isNew: boolean;
}

// Of a crowd nearly all are new: they come back as numbers, not as texts.
const intern = statement(
  'state_keys.intern',
  `with wanted as materialized (
    select w.nth::int, w.type, w.state_key, k.key_nid
    from unnest($1::text[], $2::text[]) with ordinality as w(type, state_key, nth)
    left join lateral (
      select k.key_nid from state_keys k where k.type = w.type and k.state_key = w.state_key limit 1) k on true),
  made as (
    insert into state_keys (type, state_key) select type, state_key from wanted where key_nid is null order by 1, 2
    on conflict do nothing
    returning key_nid, type, state_key)
  select nth, key_nid as "keyNid", false as "isNew" from wanted where key_nid is not null
    union all select w.nth, m.key_nid, true from made m join wanted w using (type, state_key)`,
);

/** Interns keys; numbers in their order. `made` is told of those that were new: no room had them before. */
export type InternStateKeys = (keys: readonly StateKeyPair[], made?: (key: StateKeyPair) => void) => Promise<number[]>;

/** Interning with a memory, for one process. */
export function createStateKeys(db: Queryable): InternStateKeys {
  const remembered = new LRUCache<string, number>(atMost(rememberedMax));

  return async (keys, made) => {
    const numbers = new Map<string, number>();
    const missing = new Map<string, StateKeyPair>();
    const texts = keys.map(({ type, stateKey }) => `${type}\0${stateKey}`);
    for (const [at, key] of keys.entries()) {
      const text = texts[at] as string;
      const number = remembered.get(text);
      if (number === undefined) missing.set(text, key);
      else numbers.set(text, number);
    }
    // A second round only when another made the same key at the same moment: then it can be seen.
    for (let round = 0; round < 2 && missing.size > 0; round++) {
      const wanted = [...missing];
      const rows = await db.query<Found>(intern, [
        binaryArray(
          'text',
          wanted.map(([, { type }]) => type),
        ),
        binaryArray(
          'text',
          wanted.map(([, { stateKey }]) => stateKey),
        ),
      ]);
      for (const { nth, keyNid, isNew } of rows) {
        const [text, key] = wanted[nth - 1] as [string, StateKeyPair];
        remembered.set(text, keyNid);
        numbers.set(text, keyNid);
        missing.delete(text);
        if (isNew) made?.(key);
      }
    }
    return texts.map((text) => {
      const number = numbers.get(text);
      if (number === undefined) throw new Error(`state key was not interned: ${text.split('\0', 1)[0]}`);
      return number;
    });
  };
}
