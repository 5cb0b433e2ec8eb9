// Table `state_keys`: (type, state_key) as a number, so that a row of state is five numbers. Filled on demand and never emptied, so a
// number that is known stays true and is kept in memory.
import { LRUCache } from 'lru-cache';
import { atMost } from '../../platform/at-most.ts';
import { type Queryable, statement } from '../database.ts';

/** Numbers kept in memory, about 200 bytes each. */
const rememberedMax = 50_000;

export interface StateKeyPair {
  readonly type: string;
  readonly stateKey: string;
}
interface Found extends StateKeyPair {
  readonly keyNid: number;
  readonly isNew: boolean;
}

const intern = statement(
  'state_keys.intern',
  `with wanted as (select distinct type, state_key from unnest($1::text[], $2::text[]) as w(type, state_key)),
  known as (
    select k.* from wanted w cross join lateral (
      select k.key_nid, k.type, k.state_key from state_keys k
      where k.type = w.type and k.state_key = w.state_key limit 1) k),
  made as (
    insert into state_keys (type, state_key)
    select w.type, w.state_key from wanted w left join known k using (type, state_key) where k.key_nid is null
    order by 1, 2
    on conflict do nothing
    returning key_nid, type, state_key)
  select key_nid as "keyNid", type, state_key as "stateKey", false as "isNew" from known
    union all select key_nid, type, state_key, true from made`,
);
const find = statement(
  'state_keys.find',
  `select k.key_nid as "keyNid", k.type, k.state_key as "stateKey", false as "isNew"
  from unnest($1::text[], $2::text[]) as w(type, state_key) join state_keys k using (type, state_key)`,
);

/** Interns keys; numbers in their order. `made` is told of those that were new: no room had them before. */
export type InternStateKeys = (keys: readonly StateKeyPair[], made?: (key: StateKeyPair) => void) => Promise<number[]>;

/** Interning with a memory, for one process. */
export function createStateKeys(db: Queryable): InternStateKeys {
  const remembered = new LRUCache<string, number>(atMost(rememberedMax));
  const textOf = ({ type, stateKey }: StateKeyPair) => `${type}\0${stateKey}`;

  return async (keys, made) => {
    const numbers = new Map<string, number>();
    const missing = new Map<string, StateKeyPair>();
    for (const key of keys) {
      const text = textOf(key);
      const number = remembered.get(text);
      if (number === undefined) missing.set(text, key);
      else numbers.set(text, number);
    }
    // A second round only when another process made the same key at the same moment: then it can be seen.
    for (const text of [intern, find]) {
      if (missing.size === 0) break;
      const wanted = [...missing.values()];
      const rows = await db.query<Found>(text, [wanted.map((key) => key.type), wanted.map((key) => key.stateKey)]);
      for (const row of rows) {
        const found = textOf(row);
        remembered.set(found, row.keyNid);
        numbers.set(found, row.keyNid);
        missing.delete(found);
        if (row.isNew) made?.(row);
      }
    }
    return keys.map((key) => {
      const number = numbers.get(textOf(key));
      if (number === undefined) throw new Error(`state key was not interned: ${key.type}`);
      return number;
    });
  };
}
