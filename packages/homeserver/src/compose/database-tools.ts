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
import { putSigningKey, signingKeyText } from './own-key.ts';
import { explainStorage } from './open-storage.ts';

/** What was carried, and what the operator is to know of the rest. */
export interface Carried {
  /** Rows per table. */
  readonly counts: Readonly<Record<string, number>>;
  /** What is missing, with the remedy; and where the signing key went. */
  readonly notes: readonly string[];
}

/** Each opens the database, does its work and closes it. All throw OperatorError for what an operator can mend. */
export interface DatabaseTools {
  dump(file: string): Promise<Carried>;
  restore(file: string): Promise<Carried>;
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
  const { signingKeyFile } = config;
  return {
    async dump(file) {
      const signingKey = signingKeyText(signingKeyFile);
      const key = signingKey === undefined ? {} : { signingKey };
      const counts = await visit(reachEmbedded, (connection) => dumpDatabase({ connection, file, progress, ...key }));
      return { counts, notes: signingKey === undefined ? [dumpedWithoutKey(signingKeyFile)] : [] };
    },
    async restore(file) {
      const notes: string[] = [];
      const keepKey = (signingKey: string | undefined) => restoreKey(signingKeyFile, signingKey, notes);
      const counts = await visit(startEmbedded, (connection) =>
        restoreDatabase({ connection, file, now: now(), progress, keepKey }),
      );
      return { counts, notes };
    },
    check: (deep) => visit(reachEmbedded, (connection) => checkDatabase(connection, { progress, deep })),
  };
}

const otherwise = 'without its key a server is another one to everybody else';

function dumpedWithoutKey(file: string): string {
  return `the dump holds no signing key, because signing_key_file ${file} does not exist: put the server's key there and dump again, or keep the key yourself; ${otherwise}`;
}

/** Never over a key that is there: it may be newer than the dump. Gives the way to take it back. @throws OperatorError */
function restoreKey(file: string, dumped: string | undefined, notes: string[]): () => void {
  const present = signingKeyText(file);
  if (present === undefined && dumped !== undefined) {
    const takeBack = putSigningKey(file, dumped);
    notes.push(`the signing key is in ${file}`);
    return takeBack;
  }
  if (present === undefined)
    notes.push(
      `no signing key: the dump holds none and signing_key_file ${file} does not exist: put the old server's there before you start; ${otherwise}`,
    );
  else if (dumped !== undefined && present.trim() !== dumped.trim())
    notes.push(`signing_key_file ${file} holds another key than the dump and was left as it is`);
  return () => {};
}
