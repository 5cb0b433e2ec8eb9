// Random rooms of other servers, delivered in random orders to lanes and a database: whatever forks, what is stored is what the rules say.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { checkDatabase } from '../../src/storage/check.ts';
import { everyVersion } from '../state-resolution/properties.ts';
import { steps } from '../state-resolution/random-history.ts';
import { deliverAtOnce, Houses, storedAsTheRulesSay } from './delivered-room.ts';
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
      storedAsTheRulesSay(() => houses),
      { numRuns: cases, endOnFailure: true },
    );
  }, 600_000);

  test('is stored so too where it is from before there was an auth-chain index', async () => {
    await fc.assert(
      storedAsTheRulesSay(() => houses, true),
      { numRuns: 10, endOnFailure: true },
    );
  }, 600_000);

  test('comes to what its loose ends say when two processes receive it at once', async () => {
    for (const [at, made] of fc.sample(steps, { numRuns: 11, seed: 5 }).entries()) {
      const history = signedHistory(everyVersion[at % everyVersion.length] ?? '12', made);
      expect(await deliverAtOnce(houses, history)).toBeUndefined();
    }
  }, 600_000);

  test('forks, fails softly and loses state often enough in these for that to say something', async () => {
    const [counts] = await database.db.query<Record<string, number>>({
      name: 'test.counts',
      text: `select (select count(*)::int from state_lines) as lines,
        (select count(*)::int from events where soft_failed) as "softFailed",
        (select count(*)::int from events where rejected) as rejected,
        (select count(*)::int from events where current_version is not null) as elsewhere,
        (select count(*)::int from auth_chain_links) as links,
        (select count(*)::int from room_state where event_nid is null) as removed`,
    });
    expect(counts?.['lines']).toBeGreaterThan(100);
    expect(counts?.['softFailed']).toBeGreaterThan(10);
    expect(counts?.['rejected']).toBeGreaterThan(100);
    expect(counts?.['elsewhere']).toBeGreaterThan(100);
    expect(counts?.['links']).toBeGreaterThan(100);
    expect(counts?.['removed']).toBeGreaterThan(0);
  });

  test('leaves a database in which everything agrees', async () => {
    expect(await checkDatabase(database.url)).toEqual([]);
  });
});
