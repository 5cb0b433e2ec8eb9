// What the person who runs an application service has to change before it can work: one plain line per mistake, each with its remedy.
// Programs print the lines and exit with 2, without a stack, because nothing is broken. Known by its name, as the homeserver's own is.

/** A mistake in configuration or surroundings: a taken port, a registration that the homeserver does not have. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly lines: readonly string[];

  constructor(lines: readonly string[], cause?: unknown) {
    super(lines.join('\n'), { cause });
    this.lines = lines;
  }
}
