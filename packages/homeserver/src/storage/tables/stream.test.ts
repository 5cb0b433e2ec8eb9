// What /sync reads of a room's state is looked up event by event, whatever the planner knows of the tables: with plain joins a first
// /sync on tables that were not analysed yet cost the square of the members.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../testkit/src/database.ts';
import { planOf } from '../../../../testkit/src/plan-of.ts';
import './stream.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

const room = 'array[1::bigint]';
const reads: [string, string[]][] = [
  ['stream.whole_state', [room, 'array[7::bigint]', 'true']],
  ['stream.state_delta', [room, 'array[3::bigint]', 'array[null::bigint]', 'array[7::bigint]']],
  ['stream.state_keys', [room, 'array[0]', 'array[7::bigint]', `array['m.room.name']`, `array['']`]],
  ['stream.memberships_at', [room, `'@a:x'`, 'array[3::bigint]']],
];

it.each(reads)('%s finds events by their primary key on tables that were never analysed', async (name, values) => {
  const lines = await planOf(test.db, name, values);
  expect(lines).toMatch(/Index Scan using events_pkey.*\n *Index Cond: \(ROW\(room_nid, event_nid\) >= /);
  expect(lines).not.toMatch(/Seq Scan on (events|event_json|room_state)|events_by_id|Hash Join|Merge Join/);
});
