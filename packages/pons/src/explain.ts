// What an operator reads when something is theirs to mend: one line per mistake, without a stack.

import { OperatorError } from '@pons/homeserver';

/** The lines to print; `undefined` for a bug, which keeps its stack. */
export function explain(error: unknown): readonly string[] | undefined {
  return error instanceof OperatorError ? error.lines : undefined;
}
