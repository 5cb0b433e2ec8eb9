// Random rooms of every version, hostile ones included; what must hold is in properties.ts.
// https://spec.matrix.org/v1.19/rooms/

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrival, makeHistory, replay, resolveWith, steps } from './random-history.ts';
import { claimsAgree, everyVersion, statesAgree } from './properties.ts';

const cases = 60;

describe('the state of a random room', () => {
  test('does not depend on the order in which events arrive, and is what the definitions say', () => {
    fc.assert(statesAgree, { numRuns: cases });
  });

  test('is the same by both where servers claim states that no history leads to', () => {
    fc.assert(claimsAgree, { numRuns: cases });
  });

  test('has conflicts and refusals in it, so that this says something', () => {
    const seen = { rejected: 0, forks: 0, events: 0 };
    for (const made of fc.sample(steps, { numRuns: 100, seed: 1 })) {
      const history = makeHistory('12', made);
      const { rejected } = replay(history, resolveWith(history.rules), fc.sample(arrival, { numRuns: 1, seed: 1 })[0]);
      seen.rejected += rejected.length;
      seen.forks += history.events.filter(({ event }) => event.prev_events.length > 1).length;
      seen.events += history.events.length;
    }
    expect(seen.events).toBeGreaterThan(1_000);
    expect(seen.rejected / seen.events).toBeLessThan(0.75);
    expect(seen.forks).toBeGreaterThan(100);
  });

  test.each(everyVersion)('changes in version %s', (version) => {
    const changed = fc.sample(steps, { numRuns: 30, seed: 2 }).filter((made) => {
      const history = makeHistory(version, made);
      return replay(history, resolveWith(history.rules)).current.size > 5;
    });
    expect(changed.length).toBeGreaterThan(5);
  });
});
