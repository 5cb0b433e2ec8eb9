// Random rooms of other servers, delivered in random orders to lanes and a database: whatever forks, what is stored is what the rules say.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { everyVersion } from '../state-resolution/properties.ts';
import { arrival, steps } from '../state-resolution/random-history.ts';
import { deliver, Houses } from './delivered-room.ts';
import { signedHistory } from './signed-history.ts';

const cases = 60;

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

describe('a room of other servers', () => {
  test('is stored as the rules say, in whatever order its events arrive, by two processes and over restarts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...everyVersion),
        steps,
        arrival,
        fc.array(fc.nat(1_000), { minLength: 1, maxLength: 45 }),
        async (version, made, order, whims) => {
          expect(await deliver(houses, signedHistory(version, made), { order, whims })).toBeUndefined();
        },
      ),
      { numRuns: cases, endOnFailure: true },
    );
  }, 600_000);
});
