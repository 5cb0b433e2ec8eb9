// An empty database on the PostgreSQL server that TEST_DATABASE_URL names, for tests that run whole processes against it.
import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface ServerDatabase {
  readonly url: string;
  query<Row extends object>(text: string): Promise<Row[]>;
  drop(): Promise<void>;
}

/** undefined when TEST_DATABASE_URL is not set. */
export async function serverDatabase(): Promise<ServerDatabase | undefined> {
  const base = process.env['TEST_DATABASE_URL'];
  if (base === undefined) return undefined;
  const name = `pons_test_${randomBytes(6).toString('hex')}`;
  const admin = new pg.Client({ connectionString: base });
  await admin.connect();
  await admin.query(`create database ${name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`);
  const url = base.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return {
    url,
    query: async <Row extends object>(text: string) => (await client.query<Row>(text)).rows,
    drop: async () => {
      await client.end();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}
