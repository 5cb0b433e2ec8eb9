// What an operator reads when the embedded PostgreSQL cannot run: one line that says what to do. `pons serve` prints it and exits with 2.

/** The embedded PostgreSQL cannot be used; the message is one line with the remedy. */
export class EmbeddedDatabaseError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'EmbeddedDatabaseError';
  }
}

/** Another process has this data folder. */
export class DataFolderInUse extends EmbeddedDatabaseError {
  constructor(folder: string, holder: string) {
    super(
      `data folder ${folder} is in use by another Pons process${holder === '' ? '' : ` (pid ${holder})`}: stop it first`,
    );
    this.name = 'DataFolderInUse';
  }
}
