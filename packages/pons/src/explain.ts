// What an operator reads when something is theirs to mend: one line per mistake, without a stack.

import type { OperatorError } from '@pons/homeserver';

/** The lines to print; `undefined` for a bug, which keeps its stack. By name: `pons --help` must not load the homeserver. */
export function explain(error: unknown): readonly string[] | undefined {
  return error instanceof Error && error.name === 'OperatorError' ? (error as OperatorError).lines : undefined;
}
