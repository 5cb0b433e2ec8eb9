// How a connection to PostgreSQL is made, the same for the pool, for LISTEN, for leases and for migrations: session settings, types,
// and what an error means. Called by postgres.ts, migrate.ts and stream/lease.ts's session.
import pg from 'pg';
import { StorageError } from './database.ts';

/** A URL as libpq reads it, or its parts. */
export type ConnectionTarget =
  | string
  | {
      readonly host: string;
      readonly port?: number;
      readonly user: string;
      readonly database: string;
      readonly password?: string;
    };

/** No statement of ours takes longer; what does is stuck. */
export const statementTimeoutMs = 30_000;
/** The server did not even end the statement: the network is gone. */
const queryTimeoutMs = 40_000;
const connectTimeoutMs = 10_000;
const idleInTransactionMs = 60_000;

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`int8 beyond 2^53: ${text}`);
  return value;
}

const int8 = 20;
const int8Array = 1016;
const parseTextArray = pg.types.getTypeParser(1009 as number) as (text: string) => (string | null)[];

function parseInt8Array(text: string): (number | null)[] {
  return parseTextArray(text).map((item) => (item === null ? null : safeInteger(item)));
}

const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === int8) return safeInteger;
    if (oid === int8Array) return parseInt8Array;
    return pg.types.getTypeParser(oid, format as 'text');
  }) as pg.CustomTypesConfig['getTypeParser'],
};

// Statements are short: compiling them never pays. The rest keeps texts and times the same on every server.
const plainSettings = '-c jit=off -c timezone=UTC -c lc_messages=C';
// Plans made once and by index, whatever the tables look like at that moment: planning the door's statement anew takes twice as long
// as running it (0.44 against 0.20 ms).
const fixedPlans =
  '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off';

export interface ClientSettings {
  /** False: no time limits (migrations, dumps). */
  readonly limited?: boolean;
  /** Plan each statement once, for statements whose tables are found by key alone. */
  readonly fixedPlans?: boolean;
}

/** Settings of a client. */
export function clientConfig(target: ConnectionTarget, settings: ClientSettings = {}): pg.ClientConfig {
  const place = typeof target === 'string' ? { connectionString: target } : { ...target };
  return {
    ...place,
    types,
    application_name: 'pons',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    ...(settings.limited !== false
      ? {
          statement_timeout: statementTimeoutMs,
          query_timeout: queryTimeoutMs,
          idle_in_transaction_session_timeout: idleInTransactionMs,
        }
      : {}),
    options: settings.fixedPlans === true ? `${plainSettings} ${fixedPlans}` : plainSettings,
  };
}

/** Turns what the driver throws into a StorageError. */
export function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  if (error instanceof pg.DatabaseError && error.code !== undefined) {
    return new StorageError(error.code, error.message, {
      cause: error,
      ...(error.constraint === undefined ? {} : { constraint: error.constraint }),
    });
  }
  return new StorageError('unreachable', error instanceof Error ? error.message : String(error), { cause: error });
}

/** The connection is of no use any more: it broke, or the server ends it. */
export function connectionLost(error: StorageError): boolean {
  return error.code === 'unreachable' || /^(08|57P0|XX)/.test(error.code) || error.code === '25P03';
}
