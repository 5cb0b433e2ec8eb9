// `pons db dump`: the whole database as one compressed file, without pg_dump, so that it can be carried to another server or to a new
// major version of the embedded one. One snapshot, so a running server may go on. restore.ts reads it.
//
//   {"pons":"dump","schema":1,…}     head
//   {"table":"rooms"}                then its rows, one JSON object a line
//   …
//   {"end":{"rooms":3,…}}            rows per table; a file without it was cut off
import { once } from 'node:events';
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import { createGzip, type Gzip } from 'node:zlib';
import type { ConnectionTarget } from './connection.ts';
import type { Queryable } from './database.ts';
import { openSession } from './session.ts';

/** First line of a dump. */
export interface DumpHead {
  readonly pons: 'dump';
  /** Number of the last migration. */
  readonly schema: number;
  /** The next block of `nids`. */
  readonly nids: number;
  /** Text of the server's signing key file; dumps from before it was kept, and of a server that had none, lack it. */
  readonly signingKey?: string;
}

export interface DumpOptions {
  readonly connection: ConnectionTarget;
  /** Readable by its owner alone: it holds password hashes and secrets. */
  readonly file: string;
  /** Text of the server's signing key file, kept with it: without its key a server is another one. */
  readonly signingKey?: string;
  readonly progress?: (text: string) => void;
}

/** The file cannot be written; the message is one line that says why. */
export class DumpError extends Error {
  constructor(cause: Error) {
    super(`the file cannot be written: ${cause.message}`, { cause });
    this.name = 'DumpError';
  }
}

const rowsPerFetch = 1_000;

/**
 * Writes the database into a file.
 *
 * @returns rows per table
 * @throws DumpError, StorageError; the file is there only when it is whole
 */
export async function dumpDatabase(options: DumpOptions): Promise<Record<string, number>> {
  const { connection, file, signingKey, progress } = options;
  const session = await openSession(connection, () => {}, { limited: false });
  const part = `${file}.part`;
  const gzip = createGzip();
  const out = gzip.pipe(createWriteStream(part, { mode: 0o600 }));
  // Who writes next is told: see write().
  gzip.on('error', () => {});
  out.on('error', (error) => gzip.destroy(new DumpError(error)));
  try {
    await session.query({ name: 'dump.begin', text: 'begin isolation level repeatable read read only' });
    await writeLine(gzip, { ...(await headOf(session)), ...(signingKey === undefined ? {} : { signingKey }) });
    const counts: Record<string, number> = {};
    for (const table of await dataTables(session)) {
      progress?.(`dumping ${table}`);
      await writeLine(gzip, { table });
      counts[table] = await dumpTable(session, table, gzip);
    }
    await writeLine(gzip, { end: counts });
    gzip.end();
    await finished(out).catch((error: Error) => {
      throw new DumpError(error);
    });
    takePlace(part, file);
    return counts;
  } catch (error) {
    gzip.destroy();
    out.destroy();
    rmSync(part, { force: true });
    throw error;
  } finally {
    await session.close();
  }
}

function takePlace(part: string, file: string): void {
  try {
    renameSync(part, file);
  } catch (cause) {
    throw new DumpError(cause as Error); // a folder stands there
  }
}

async function writeLine(gzip: Gzip, value: object): Promise<void> {
  await write(gzip, `${JSON.stringify(value)}\n`);
}

/** @throws DumpError when the file could not be written */
async function write(gzip: Gzip, text: string): Promise<void> {
  if (gzip.errored !== null) throw gzip.errored;
  if (!gzip.write(text)) await once(gzip, 'drain');
}

async function headOf(session: Queryable): Promise<DumpHead> {
  const [row] = await session.query<{ schema: number; nids: number }>({
    name: 'dump.head',
    text: 'select (select max(number) from schema_migrations) as schema, (select last_value from nids) as nids',
  });
  return { pons: 'dump', schema: row?.schema ?? 0, nids: row?.nids ?? 0 };
}

/** Tables with data of ours; those that others refer to come first. */
export async function dataTables(session: Queryable): Promise<string[]> {
  const tables = await session.query<{ name: string; parents: string[] }>({
    name: 'dump.tables',
    text: `select c.relname::text as name, coalesce(
        (select array_agg(distinct p.relname::text) from pg_constraint f join pg_class p on p.oid = f.confrelid
          where f.conrelid = c.oid and f.contype = 'f' and p.oid <> c.oid), '{}') as parents
      from pg_class c where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace
        and c.relname <> 'schema_migrations'
      order by 1`,
  });
  const ordered: string[] = [];
  while (ordered.length < tables.length) {
    const next = tables.filter(
      ({ name, parents }) => !ordered.includes(name) && parents.every((parent) => ordered.includes(parent)),
    );
    if (next.length === 0) throw new Error('tables refer to one another in a circle');
    ordered.push(...next.map(({ name }) => name));
  }
  return ordered;
}

async function dumpTable(session: Queryable, table: string, gzip: Gzip): Promise<number> {
  // A cursor: a table of any size passes through in pieces. Its name is of our own catalogue, not of anybody's input.
  await session.query({
    name: `dump.open.${table}`,
    text: `declare rows no scroll cursor for select row_to_json(t)::text as line from "${table}" t`,
  });
  for (let count = 0; ; ) {
    const rows = await session.query<{ line: string }>({ name: '', text: `fetch ${rowsPerFetch} from rows` });
    for (const { line } of rows) await write(gzip, `${line}\n`);
    count += rows.length;
    if (rows.length < rowsPerFetch) {
      await session.query({ name: '', text: 'close rows' });
      return count;
    }
  }
}
