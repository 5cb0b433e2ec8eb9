// The list of rows is whole: each is named by a case or says why none can judge it; and the lists of cases are well formed.
import { describe, expect, it } from 'vitest';
import { homeserverCases } from './homeserver/run-conformance.ts';
import { rows } from './rows.ts';
import { serviceCases } from './service/cases.ts';

const named = new Set(homeserverCases.flatMap((one) => one.rows));

describe('the rows of the comparison of homeservers', () => {
  it('are each named by a case, or say why no case can judge them', () => {
    expect(rows.filter(({ row, unjudged }) => named.has(row) === (unjudged !== undefined))).toEqual([]);
  });
  it('are all that cases name', () => {
    const known = new Set(rows.map(({ row }) => row));
    expect([...named].filter((row) => !known.has(row))).toEqual([]);
  });
  it('are as many in each section as were compared', () => {
    const counts = Object.groupBy(rows, ({ row }) => row.split('.')[0] ?? '');
    expect(Object.fromEntries(Object.entries(counts).map(([section, list]) => [section, list?.length]))).toEqual({
      A1: 15,
      A2: 10,
      A3: 8,
      A4: 6,
      A5: 10,
      A6: 16,
      A7: 9,
      A8: 14,
      A9: 1,
      A10: 1,
      A11: 13,
    });
  });
});

describe('cases', () => {
  it.each([
    ['against a homeserver', homeserverCases],
    ['against an application service', serviceCases],
  ])('%s have ids of their own, a sentence and a place that says so', (_, cases) => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length);
    for (const { id, claim, link } of cases) {
      expect(id).toMatch(/^[a-z-]+\/[a-z0-9-]+$/);
      expect(claim).not.toMatch(/[.\n]$/);
      expect(link).toMatch(/^https:\/\/(spec\.matrix\.org\/v1\.19\/|github\.com\/)/);
    }
  });
});
