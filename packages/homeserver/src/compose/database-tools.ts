// What an operator does with a database without the server: `pons db dump`, `restore`, `check`. A dump or a check may visit the database
// of a running server; a restore wants the database for itself.

import type { Config } from '../platform/config/schema.ts';
import { OperatorError } from '../platform/operator-error.ts';
import { checkDatabase, type Finding } from '../storage/check.ts';
import type { ConnectionTarget } from '../storage/connection.ts';
import { dumpDatabase, DumpError } from '../storage/dump.ts';
import { reachEmbedded } from '../storage/embedded/reach.ts';
import { startEmbedded } from '../storage/embedded/supervise.ts';
import { restoreDatabase, RestoreError } from '../storage/restore.ts';
import { explainStorage } from './open-storage.ts';

/** Rows per table. */
type Counts = Readonly<Record<string, number>>;

/** Each opens the database, does its work and closes it. All throw OperatorError for what an operator can mend. */
export interface DatabaseTools {
  dump(file: string): Promise<Counts>;
  restore(file: string): Promise<Counts>;
  /** @param deep  hashes every event */
  check(deep: boolean): Promise<readonly Finding[]>;
}

/** @param progress told of each step */
export function databaseTools(config: Config, now: () => number, progress: (text: string) => void): DatabaseTools {
  async function visit<T>(open: typeof reachEmbedded, work: (connection: ConnectionTarget) => Promise<T>): Promise<T> {
    let stop = (): Promise<void> => Promise.resolve();
    try {
      const { database, dataDir } = config;
      if (database.kind === 'server') return await work(database.url);
      const { binaries } = database;
      const embedded = await open({ dataDir, progress, ...(binaries === undefined ? {} : { binaries }) });
      stop = () => embedded.stop();
      return await work(embedded.connection);
    } catch (error) {
      throw error instanceof RestoreError || error instanceof DumpError
        ? new OperatorError([error.message], { cause: error })
        : explainStorage(error);
    } finally {
      await stop();
    }
  }
  return {
    dump: (file) => visit(reachEmbedded, (connection) => dumpDatabase({ connection, file, progress })),
    restore: (file) =>
      visit(startEmbedded, (connection) => restoreDatabase({ connection, file, now: now(), progress })),
    check: (deep) => visit(reachEmbedded, (connection) => checkDatabase(connection, { progress, deep })),
  };
}
