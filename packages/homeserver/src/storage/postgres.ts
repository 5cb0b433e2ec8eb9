// Database over the `pg` driver: a bounded pool for statements and short transactions, a small one for the door, and one connection of
// its own for LISTEN and NOTIFY. A statement is prepared once per connection under its name. The only other files that speak to the
// driver are migrate.ts, session.ts, dump.ts and restore.ts.
import pg from 'pg';
import { type Clock, sleep } from '../platform/clock.ts';
import { clientConfig, connectionLost, type ConnectionTarget, storageError } from './connection.ts';
import { type Database, type Queryable, type SqlValue, type Statement, StorageError } from './database.ts';
import { createNotifications } from './notifications.ts';

/** Debian 12's. The SQL of the house is limited to it. */
const oldestServer = 150_000;
/** What the door has in flight, and one for each of the few look-ups by key that gather (gather.ts) or have one reader. */
const fixedPlanConnections = 2 + 5;
/** A server that starts together with us gets this long. */
const firstConnectMs = 15_000;
const connectAgainAfterMs = 250;

export interface OpenOptions {
  readonly connection: ConnectionTarget;
  /** Connections for statements; those with fixed plans take seven more, LISTEN one, the leases of a process one. */
  readonly poolSize?: number;
  readonly clock: Clock;
  readonly log?: (line: string) => void;
  /** How long to wait for a server that is not there yet. */
  readonly waitMs?: number;
}

/**
 * Connects to the database.
 *
 * @throws StorageError `unreachable` when it is not there, `unsupported` when the server is too old or not in UTF8
 */
export async function openDatabase(options: OpenOptions): Promise<Database> {
  const { connection, clock, poolSize = 10, log = () => {} } = options;
  await firstConnect(connection, clock, options.waitMs ?? firstConnectMs);
  const pool = new pg.Pool({ ...clientConfig(connection), max: poolSize, idleTimeoutMillis: 0 });
  const fixedPlans = new pg.Pool({
    ...clientConfig(connection, { fixedPlans: true }),
    max: fixedPlanConnections,
    idleTimeoutMillis: 0,
  });
  for (const each of [pool, fixedPlans]) {
    each.on('error', (error) => log(`a database connection ended: ${error.message}`));
    // The pool listens to idle clients only. One that breaks in use fails its query, and unheard its error would end the process.
    each.on('connect', (client) => client.on('error', () => {}));
  }
  const notifications = createNotifications({ connection, clock, log });
  let closing: Promise<void> | undefined;

  return {
    query: async <Row extends object>(statement: Statement, values?: readonly SqlValue[]) => {
      const client = await take(statement.fixedPlan === true ? fixedPlans : pool);
      try {
        const rows = await ask<Row>(client, statement, values);
        client.release();
        return rows;
      } catch (error) {
        throw giveBack(client, error);
      }
    },
    transaction: async (work) => {
      const client = await take(pool);
      try {
        const result = await inTransaction(client, work);
        client.release();
        return result;
      } catch (error) {
        throw giveBack(client, error);
      }
    },
    listen: notifications.listen,
    notify: notifications.notify,
    close: () => {
      closing ??= Promise.all([pool.end(), fixedPlans.end(), notifications.close()]).then(() => {});
      return closing;
    },
  };
}

async function firstConnect(connection: ConnectionTarget, clock: Clock, waitMs: number): Promise<void> {
  const untilMs = clock.monotonicMs() + waitMs;
  for (;;) {
    const client = new pg.Client(clientConfig(connection));
    client.on('error', () => {}); // its query fails
    try {
      await client.connect();
      await refuseUnsupported(client);
      return;
    } catch (cause) {
      const error = storageError(cause);
      const mayCome = error.code === 'unreachable' || error.code === '57P03';
      if (!mayCome || clock.monotonicMs() >= untilMs) throw error;
      await sleep(clock, connectAgainAfterMs);
    } finally {
      await client.end().catch(() => {}); // it never was connected
    }
  }
}

async function refuseUnsupported(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: number; name: string; encoding: string }>(
    `select current_setting('server_version_num')::int as version, current_setting('server_version') as name,
      current_setting('server_encoding') as encoding`,
  );
  const [row] = rows;
  if (row === undefined || row.version < oldestServer) {
    throw new StorageError('unsupported', `the database server is PostgreSQL ${row?.name}: 15 or newer is needed`);
  }
  if (row.encoding !== 'UTF8') {
    throw new StorageError('unsupported', `the database is encoded in ${row.encoding}: create it with encoding 'UTF8'`);
  }
}

async function take(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect(); // bounded by connectionTimeoutMillis, waiting for a free one included
  } catch (error) {
    throw storageError(error);
  }
}

async function ask<Row extends object>(
  client: pg.ClientBase,
  statement: Statement,
  values: readonly SqlValue[] = [],
): Promise<Row[]> {
  const result = await client.query<Row>({ name: statement.name, text: statement.text, values: values as unknown[] });
  return result.rows;
}

function giveBack(client: pg.PoolClient, error: unknown): unknown {
  const isOurs = error instanceof StorageError || error instanceof pg.DatabaseError || isDriverError(error);
  if (!isOurs) {
    client.release(); // what `work` threw; the transaction was rolled back
    return error;
  }
  const known = storageError(error);
  client.release(connectionLost(known));
  return known;
}

/** Errors of sockets and of the driver itself have neither a class nor a code of their own. */
function isDriverError(error: unknown): boolean {
  return (
    error instanceof Error &&
    (/^(Connection terminated|Query read timeout|Client (has encountered|was closed)|timeout exceeded)/.test(
      error.message,
    ) ||
      ('code' in error && /^(E[A-Z]+|ERR_(STREAM|SOCKET)_.*)$/.test(String(error.code))))
  );
}

async function inTransaction<T>(client: pg.PoolClient, work: (tx: Queryable) => Promise<T>): Promise<T> {
  await client.query('begin');
  try {
    const result = await work({
      query: async <Row extends object>(statement: Statement, values?: readonly SqlValue[]) => {
        try {
          return await ask<Row>(client, statement, values);
        } catch (error) {
          throw storageError(error);
        }
      },
    });
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {}); // the connection is gone, and the transaction with it
    throw error;
  }
}
