// Every part that this machine has what it needs for, as `pnpm real-parts --all` runs it; the others are skipped with their reason.
import { describe, expect, it } from 'vitest';
import { keeps } from '../as-check/check.ts';
import { Missing, type Shown } from './part.ts';
import { parts } from './parts.ts';
import { Site } from './site.ts';

describe.each(Object.entries(parts))('%s', (name, { claim, run }) => {
  it(`as it is: ${claim}`, async ({ skip }) => {
    const site = new Site();
    let shown: Shown;
    try {
      shown = await run(site);
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      console.warn(`${name}: ${error.message}`);
      return skip(error.message);
    } finally {
      await site.close();
    }
    console.warn(`${name}: ${JSON.stringify(shown.versions)}`);
    expect(Object.fromEntries(Object.entries(shown.figures).filter(([, figure]) => !keeps(figure)))).toEqual({});
    expect(Object.keys(shown.figures).length).toBeGreaterThan(0);
  });
});
