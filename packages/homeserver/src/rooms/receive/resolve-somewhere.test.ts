// State resolution in a thread comes to what it comes to here.
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { claimedStates, claims, makeHistory, steps } from '../../../test/state-resolution/random-history.ts';
import { createCpuPool } from '../../platform/cpu-pool.ts';
import type { ResolvableEvent } from '../../rules/state-resolution/resolve.ts';
import { resolveHere, resolveSomewhere } from './resolve-somewhere.ts';

const pool = createCpuPool(1);
afterAll(() => pool.close());

test('what is large is resolved in a thread, to the same state', async () => {
  let jobs = 0;
  const counting = { run: (module: URL, args: unknown) => ((jobs += 1), pool.run(module, args)) };
  for (const [made, claimed] of fc.sample(fc.tuple(steps, claims), { numRuns: 5, seed: 7 })) {
    const { rules, events } = makeHistory('12', made);
    const known = new Map<string, ResolvableEvent>(events.map((event) => [event.eventId, event]));
    const [first] = events;
    if (first === undefined) throw new Error('an empty history');
    const stateSets = claimedStates(known, claimed);
    // Events that nothing cites make it large and change nothing.
    for (let at = 0; at < 1_000; at += 1) known.set(`$more${at}`, { ...first, eventId: `$more${at}` });
    const job = { rules, stateSets, events: known };
    expect(await resolveSomewhere(job, counting)).toEqual(resolveHere(job));
  }
  expect(jobs).toBe(5);
});
