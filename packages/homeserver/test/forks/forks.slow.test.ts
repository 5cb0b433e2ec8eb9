// The same as forks.test.ts with many rooms, and new seeds each time.
import fc from 'fast-check';
import { afterAll, beforeAll, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { Houses, storedAsTheRulesSay } from './delivered-room.ts';

const cases = process.env['PONS_TEST_TIER'] === 'long' ? 5_000 : 300;

let database: TestDatabase;
let houses: Houses;
beforeAll(async () => {
  database = await testDatabase();
  houses = new Houses(database);
});
afterAll(async () => {
  await houses.close();
  await database.drop();
});

test(`${cases} rooms of other servers are stored as the rules say`, async () => {
  await fc.assert(
    storedAsTheRulesSay(() => houses),
    { numRuns: cases, endOnFailure: true },
  );
}, 7_200_000);
