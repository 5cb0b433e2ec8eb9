// Filters as clients store them: what is malformed is refused, what is stored keeps its number, whoever else asks finds nothing.
import type { JsonObject } from '@pons/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { defineFilter, getFilter, parseFilter, StoredFilters } from './filters.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const alice = '@alice:pons.test';

describe('filters', () => {
  const malformed: JsonObject[] = [
    { presence: 'not_an_object' },
    { room: { timeline: 'not_an_object' } },
    { room: { state: [] } },
    { room: { timeline: { rooms: 'not_a_list' } } },
    { room: { timeline: { rooms: ['not_a_room_id'] } } },
    { room: { timeline: { senders: ['nobody'] } } },
    { room: { timeline: { types: [1] } } },
    { room: { state: { lazy_load_members: 'yes' } } },
    { room: { timeline: { limit: -1 } } },
    { event_format: 'xml' },
  ];
  it.each(malformed)('refuses %j', (json) => {
    expect(() => parseFilter(json)).toThrow(expect.objectContaining({ errcode: 'M_BAD_JSON' }));
  });

  it('are numbered for each user, an identical one keeping its number', async () => {
    const { db } = database;
    const ids = [];
    for (const limit of [1, 2, 1]) ids.push(await defineFilter(db, alice, { room: { timeline: { limit } } }));
    expect(ids).toEqual(['0', '1', '0']);
    expect(await defineFilter(db, '@bob:pons.test', { room: { timeline: { limit: 2 } } })).toBe('0');
    expect(await getFilter(db, alice, '1')).toEqual({ room: { timeline: { limit: 2 } } });
  });

  it('of other users, or unknown, are not found', async () => {
    const { db } = database;
    for (const id of ['99', 'x', '-1', '']) {
      await expect(getFilter(db, alice, id)).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
    }
    await expect(new StoredFilters(db).get('@carol:pons.test', '0')).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  });

  it('stored at the same time get different numbers', async () => {
    const { db } = database;
    const user = '@many:pons.test';
    const ids = await Promise.all(
      [1, 2, 3, 4, 5].map((limit) => defineFilter(db, user, { room: { state: { limit } } })),
    );
    expect(new Set(ids).size).toBe(5);
  });
});
