#!/usr/bin/env node
// The command `pons`. A mistake of the operator is one plain line and exit code 2; a bug shows its stack.
// bin/pons.js imports it; `node src/main.ts` does the same. What has been compiled is remembered for the next start, which is a third
// quicker: types are not stripped again. That has to be said before anything is loaded, so everything else comes by `import()`.

import { enableCompileCache } from 'node:module';
import '../bin/needs-node.js';
import { beginWithFlags } from './node-flags.ts';

beginWithFlags(enableCompileCache().directory);
const { program } = await import('./program.ts');
const { explain } = await import('./explain.ts');

try {
  await program.parseAsync();
} catch (error) {
  // The last to hear of it: everything that a command could not deal with itself.
  const lines = explain(error);
  for (const line of lines ?? []) console.error(line);
  if (lines === undefined) throw error;
  process.exitCode = 2;
}
