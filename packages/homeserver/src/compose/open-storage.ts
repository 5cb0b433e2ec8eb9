// The database of this process: the embedded PostgreSQL or a server's, migrated, connected. What an operator can mend becomes one
// plain line.

import type { Clock } from '../platform/clock.ts';
import type { Config } from '../platform/config/schema.ts';
import { OperatorError } from '../platform/operator-error.ts';
import type { Log } from '../platform/telemetry/log.ts';
import type { ConnectionTarget } from '../storage/connection.ts';
import { type Database, StorageError } from '../storage/database.ts';
import { EmbeddedDatabaseError } from '../storage/embedded/embedded-error.ts';
import { startEmbedded } from '../storage/embedded/supervise.ts';
import { migrate, SchemaError } from '../storage/migrate.ts';
import { openDatabase } from '../storage/postgres.ts';

/** The database, and where it is for those who need a session of their own. */
export interface Storage {
  readonly db: Database;
  readonly connection: ConnectionTarget;
  stop(): Promise<void>;
}

/** What opening it needs. */
export interface StorageParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Told of steps that may take a while. */
  readonly progress: (text: string) => void;
}

/** @throws OperatorError with one line that says what to do */
export async function openStorage(config: Config, parts: StorageParts): Promise<Storage> {
  let stopEmbedded = (): Promise<void> => Promise.resolve();
  try {
    const { connection, stop } = await locate(config, parts);
    stopEmbedded = stop;
    const { serverName } = config;
    await migrate({ connection, serverName, now: parts.clock.now(), progress: parts.progress });
    const log = (line: string) => parts.log.warn({}, line);
    const db = await openDatabase({ connection, clock: parts.clock, log });
    return {
      db,
      connection,
      async stop() {
        await db.close();
        await stop();
      },
    };
  } catch (error) {
    await stopEmbedded();
    throw explainStorage(error);
  }
}

async function locate(config: Config, parts: StorageParts) {
  const { database, dataDir } = config;
  if (database.kind === 'server') return { connection: database.url, stop: () => Promise.resolve() };
  const embedded = await startEmbedded({
    dataDir,
    clock: parts.clock,
    progress: parts.progress,
    log: (line) => parts.log.info({ postgres: line }, 'embedded PostgreSQL'),
    ...(database.binaries === undefined ? {} : { binaries: database.binaries }),
  });
  return { connection: embedded.connection, stop: () => embedded.stop() };
}

/** What an operator can mend becomes an OperatorError; anything else stays what it is. */
export function explainStorage(error: unknown): unknown {
  if (error instanceof EmbeddedDatabaseError || error instanceof SchemaError) {
    return new OperatorError([error.message], { cause: error });
  }
  if (error instanceof StorageError && error.code === 'unreachable') {
    const remedy = 'start PostgreSQL, or set `database: embedded`';
    return new OperatorError([`database: cannot be reached: ${error.message}: ${remedy}`], { cause: error });
  }
  // Wrong password, no such database, too old: PostgreSQL's own words say it.
  if (error instanceof StorageError) return new OperatorError([`database: ${error.message}`], { cause: error });
  return error;
}
