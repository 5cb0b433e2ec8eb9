// Every check in its small size, as `pnpm as-check --all` runs it; the conformance kit has a test of its own in packages/homeserver.
import { describe, expect, it } from 'vitest';
import { keeps } from './check.ts';
import { checks } from './checks.ts';
import { Stage } from './stage.ts';

const elsewhere = new Set(['conformance']);
const named = Object.entries(checks).filter(([name]) => !elsewhere.has(name));

describe.each(named)('as-check %s', (_, { claim, run }) => {
  it(`shows that ${claim}`, async () => {
    const stage = new Stage();
    try {
      const figures = await run(stage, { full: false });
      expect(Object.fromEntries(Object.entries(figures).filter(([, figure]) => !keeps(figure)))).toEqual({});
      expect(Object.keys(figures).length).toBeGreaterThan(0);
    } finally {
      await stage.close();
    }
  });
});
