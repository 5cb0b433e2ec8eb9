// One configuration for every package. Tests ending in .slow.test.ts belong to `test:slow`; `test:long` runs everything, with more rounds.
import { defineConfig } from 'vitest/config';

const tier = process.env['PONS_TEST_TIER'] ?? 'fast';
const all = [
  'packages/**/*.test.ts',
  'registration/**/*.test.ts',
  'examples/**/*.test.ts',
  'scripts/**/*.test.ts',
  'bench/**/*.test.ts',
];
const slow = '**/*.slow.test.ts';

export default defineConfig({
  test: {
    include: tier === 'slow' ? [slow] : all,
    exclude: ['**/node_modules/**', '**/dist/**', ...(tier === 'fast' ? [slow] : [])],
    setupFiles: ['packages/testkit/src/property-seed.ts'],
    globalSetup: ['packages/testkit/src/database-setup.ts'],
    maxWorkers: 2,
    // Generous: a limit ends a test that hangs, it measures nothing, and the machine may be busy.
    testTimeout: tier === 'fast' ? 90_000 : 600_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    // Libraries under test chat on standard output; what a test wants to be read (figures, reasons for skipping) goes to standard error.
    onConsoleLog: (_text, type) => type === 'stderr',
  },
});
