// The metric of active people when the database has nothing to say: the other metrics are shown all the same.

import { afterAll, expect, test } from 'vitest';
import { fakeClock } from '../../../testkit/src/clock.ts';
import { createMetrics } from '../platform/telemetry/metrics.ts';
import { observeActiveUsers } from './active-metrics.ts';

const clock = fakeClock();
const metrics = createMetrics();
afterAll(() => metrics.stop());
let counts = (): Promise<{ today: number; yesterday: number; month: number }> => new Promise(() => {});
observeActiveUsers({ clock, metrics }, { counts: () => counts() });
const shown = (text: string) => text.match(/^pons_active_users\{.*$/gm) ?? [];

test('a database that does not answer, or is away, leaves this metric out and no other', async () => {
  const asked = metrics.text();
  await clock.advance(1_000);
  const text = await asked;
  expect([shown(text), text.includes('pons_process_resident_bytes ')]).toEqual([[], true]);
  counts = () => Promise.resolve({ today: 1, yesterday: 2, month: 3 });
  expect(shown(await metrics.text())).toHaveLength(3);
  counts = () => Promise.reject(new Error('away'));
  expect(shown(await metrics.text())).toEqual([]);
  expect(clock.pending).toBe(0);
});
