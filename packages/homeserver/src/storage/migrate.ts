// Brings a database to the schema that this version knows: migrations/NNNN-name.sql, each in one transaction that first writes its
// number. Several processes may start at once: one migrates, the others wait for its lock and find the work done. A database of a
// newer version is refused, as is one that belongs to another server name.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { clientConfig, type ConnectionTarget, storageError } from './connection.ts';

/** Any number that nobody else uses: 'pons' in ASCII. */
const lockKey = 0x70_6f_6e_73;

/** The database cannot be used with this version or configuration; the message is one line that says why. */
export class SchemaError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SchemaError';
  }
}

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly text: string;
}

/** The migrations that come with this version, in order. */
export function migrations(): Migration[] {
  const folder = path.join(import.meta.dirname, 'migrations');
  return readdirSync(folder)
    .filter((file) => /^\d{4}-.+\.sql$/.test(file))
    .sort()
    .map((file) => ({
      number: Number(file.slice(0, 4)),
      name: file.slice(0, -4),
      text: readFileSync(path.join(folder, file), 'utf8'),
    }));
}

export interface MigrateOptions {
  readonly connection: ConnectionTarget;
  /** Whose database it is; absent: nobody's yet (templates, dumps). */
  readonly serverName?: string;
  readonly now: number;
  /** Only up to this migration: what a dump was made with. */
  readonly upTo?: number;
  readonly progress?: (text: string) => void;
}

/**
 * Migrates, and takes the database for the server name.
 *
 * @throws SchemaError when the database is newer or belongs to another server; StorageError
 */
export async function migrate(options: MigrateOptions): Promise<void> {
  const client = new pg.Client(clientConfig(options.connection, { limited: false }));
  client.on('error', () => {}); // its query fails
  try {
    await client.connect();
    await client.query('select pg_advisory_lock($1)', [lockKey]);
    await apply(client, options);
    if (options.serverName !== undefined) await claim(client, options.serverName, options.now);
  } catch (error) {
    throw error instanceof SchemaError ? error : storageError(error);
  } finally {
    await client.end().catch(() => {}); // it never was connected
  }
}

async function apply(client: pg.Client, { now, upTo, progress }: MigrateOptions): Promise<void> {
  await client.query(`create table if not exists schema_migrations (
    number int primary key, name text not null, applied_ts bigint not null)`);
  const done = await client.query<{ number: number; name: string }>(
    'select number, name from schema_migrations order by number',
  );
  const known = migrations();
  const newest = known.at(-1)?.number ?? 0;
  const beyond = done.rows.findLast((row) => row.number > newest);
  if (beyond !== undefined) {
    throw new SchemaError(
      `the database has schema ${beyond.name}, this version knows up to ${known.at(-1)?.name}: run the version that wrote it, or a newer one`,
    );
  }
  const numbers = new Set(done.rows.map((row) => row.number));
  for (const { number, name, text } of known) {
    if (numbers.has(number) || number > (upTo ?? newest)) continue;
    progress?.(`migrating the database: ${name}`);
    await client.query('begin');
    await client.query('insert into schema_migrations values ($1, $2, $3)', [number, name, now]);
    await client.query(text);
    await client.query('commit');
  }
}

async function claim(client: pg.Client, serverName: string, now: number): Promise<void> {
  await client.query('insert into server (server_name, created_ts) values ($1, $2) on conflict do nothing', [
    serverName,
    now,
  ]);
  const { rows } = await client.query<{ server_name: string }>('select server_name from server');
  const owner = rows[0]?.server_name;
  if (owner !== serverName) {
    throw new SchemaError(
      `the database belongs to ${owner}, server_name is ${serverName}: use another database or data folder, a server cannot be renamed`,
    );
  }
}
