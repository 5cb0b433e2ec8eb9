// `pons db restore`: fills an empty database from a file that dump.ts wrote. The schema of the dump's time is made first, the rows are
// loaded in one transaction, then the migrations since. What fails half-way leaves an empty database that can be filled again.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { ConnectionTarget } from './connection.ts';
import type { Queryable } from './database.ts';
import { dataTables, type DumpHead } from './dump.ts';
import { migrate, migrations } from './migrate.ts';
import { openSession } from './session.ts';

/** The file or the database does not allow it; the message is one line that says why. */
export class RestoreError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'RestoreError';
  }
}

export interface RestoreOptions {
  readonly connection: ConnectionTarget;
  readonly file: string;
  readonly now: number;
  readonly progress?: (text: string) => void;
  /**
   * Gets the text of the signing key file before any row is put in; what it throws ends the restore, and the database can be filled
   * again. Gives the way to take back what it did, for when the rows cannot be put in.
   */
  readonly keepKey?: (signingKey: string | undefined) => () => void;
}

const rowsPerInsert = 500;
const bytesPerInsertMax = 4 * 1024 * 1024;

/**
 * Fills a database.
 *
 * @returns rows per table
 * @throws RestoreError for a file that is no whole dump or of a newer version, and for a database that is in use; StorageError
 */
export async function restoreDatabase(options: RestoreOptions): Promise<Record<string, number>> {
  const lines = linesOf(options.file);
  const head = parseHead((await nextLine(lines)) ?? '', options.file);
  await migrate({ connection: options.connection, now: options.now, upTo: head.schema });
  const session = await openSession(options.connection, () => {}, { limited: false });
  try {
    await refuseUsed(session, head);
    const takeBack = options.keepKey?.(head.signingKey);
    const counts = await fill(session, { head, lines, options }).catch((error: unknown) => {
      takeBack?.();
      throw error;
    });
    await session.query({ name: '', text: 'analyze' });
    await migrate({ connection: options.connection, now: options.now });
    return counts;
  } finally {
    await session.close();
  }
}

async function fill(
  session: Queryable,
  { head, lines, options }: { readonly head: DumpHead; readonly lines: Lines; readonly options: RestoreOptions },
): Promise<Record<string, number>> {
  await session.query({ name: 'restore.begin', text: 'begin' });
  const tables = await dataTables(session);
  await session.query({ name: '', text: `truncate ${tables.map((table) => `"${table}"`).join(', ')}` });
  const counts = await load(session, lines, options);
  await moveSequences(session, head);
  await moveTransactionIds(session, options.now);
  await session.query({ name: 'restore.commit', text: 'commit' });
  return counts;
}

type Lines = AsyncIterator<string>;

function linesOf(file: string): Lines {
  const gunzip = createReadStream(file)
    .on('error', (error) => gunzip.destroy(error))
    .pipe(createGunzip());
  const lines = createInterface({ input: gunzip, crlfDelay: Number.POSITIVE_INFINITY });
  return lines[Symbol.asyncIterator]();
}

async function nextLine(lines: Lines): Promise<string | undefined> {
  try {
    const { done, value } = await lines.next();
    return done === true ? undefined : value;
  } catch (cause) {
    throw new RestoreError(`the file cannot be read: ${(cause as Error).message}`, { cause });
  }
}

function parseHead(line: string, file: string): DumpHead {
  const newest = migrations().at(-1)?.number ?? 0;
  let head: Partial<DumpHead> = {};
  try {
    head = JSON.parse(line) as Partial<DumpHead>;
  } catch {
    // said below
  }
  if (head.pons !== 'dump' || head.schema === undefined || head.nids === undefined) {
    throw new RestoreError(`${file} is no dump of Pons`);
  }
  if (head.schema > newest) {
    throw new RestoreError(
      `${file} has schema ${head.schema}, this version knows up to ${newest}: use the version that wrote it`,
    );
  }
  const { signingKey } = head;
  return { pons: 'dump', schema: head.schema, nids: head.nids, ...(signingKey === undefined ? {} : { signingKey }) };
}

async function refuseUsed(session: Queryable, head: DumpHead): Promise<void> {
  const [state] = await session.query<{ schema: number; owner: string | null }>({
    name: 'restore.state',
    text: 'select (select max(number) from schema_migrations) as schema, (select server_name from server) as owner',
  });
  if (state === undefined || state.owner !== null) {
    throw new RestoreError(`the database belongs to ${state?.owner} already: restore into an empty one`);
  }
  if (state.schema !== head.schema) {
    throw new RestoreError(
      `the database has schema ${state.schema}, the dump ${head.schema}: restore into an empty one`,
    );
  }
}

async function load(session: Queryable, lines: Lines, { file, progress }: RestoreOptions) {
  const counts: Record<string, number> = {};
  let table = '';
  let rows: string[] = [];
  let bytes = 0;

  async function flush(): Promise<void> {
    if (rows.length === 0) return;
    await insertRows(session, table, rows);
    counts[table] = (counts[table] ?? 0) + rows.length;
    rows = [];
    bytes = 0;
  }

  for (;;) {
    const line = await nextLine(lines);
    if (line === undefined) throw new RestoreError(`${file} was cut off`);
    // A row has more than one column or is not called so: these two forms are ours.
    const named = /^\{"table":"(\w+)"\}$/.exec(line)?.[1];
    if (named !== undefined) {
      await flush();
      table = named;
      counts[table] = 0;
      progress?.(`restoring ${table}`);
    } else if (line.startsWith('{"end":{')) {
      await flush();
      const { end } = JSON.parse(line) as { end: Record<string, number> };
      if (JSON.stringify(end) !== JSON.stringify(counts)) throw new RestoreError(`${file} does not hold what it says`);
      return counts;
    } else {
      rows.push(line);
      bytes += line.length;
      if (rows.length >= rowsPerInsert || bytes >= bytesPerInsertMax) await flush();
    }
  }
}

async function insertRows(session: Queryable, table: string, rows: readonly string[]): Promise<void> {
  await session.query(
    {
      name: `restore.insert.${table}`,
      text: `insert into "${table}" overriding system value select * from json_populate_recordset(null::"${table}", $1::json)`,
    },
    [`[${rows.join(',')}]`],
  );
}

// After the dump was made application services may have had further transactions: their ids must not come again with other events.
// The first id is the time it was made, so now is beyond them all.
async function moveTransactionIds(session: Queryable, now: number): Promise<void> {
  await session.query(
    {
      name: 'restore.transaction_ids',
      text: 'update appservice_cursors set next_txn_id = greatest(next_txn_id, $1::bigint)',
    },
    [now],
  );
}

async function moveSequences(session: Queryable, head: DumpHead): Promise<void> {
  await session.query({ name: 'restore.nids', text: `select setval('nids', $1::bigint)` }, [head.nids]);
  const columns = await session.query<{ table: string; column: string }>({
    name: 'restore.identities',
    text: `select table_name::text as "table", column_name::text as "column" from information_schema.columns
      where table_schema = current_schema() and is_identity = 'YES'`,
  });
  for (const { table, column } of columns) {
    await session.query({
      name: `restore.identity.${table}`,
      text: `select setval(pg_get_serial_sequence('"${table}"', '${column}'),
        (select coalesce(max("${column}"), 0) + 1 from "${table}"), false)`,
    });
  }
}
