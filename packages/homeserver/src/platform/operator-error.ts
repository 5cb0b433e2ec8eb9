// What the operator has to change before the server can run: one plain line per mistake, each with its remedy. The command prints
// them and exits with 2; no stack trace, because nothing is broken.

/** A mistake in configuration or surroundings: a taken port, a folder in use, a missing permission. */
export class OperatorError extends Error {
  readonly lines: readonly string[];
  constructor(lines: readonly string[], options?: { cause?: unknown }) {
    super(lines.join('\n'), options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'OperatorError';
    this.lines = lines;
  }
}
