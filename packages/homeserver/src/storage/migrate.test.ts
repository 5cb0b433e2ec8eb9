// Migrations on databases that begin empty.
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { migrate, migrations, SchemaError } from './migrate.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await testDatabase();
});
afterAll(() => test.drop());

async function emptyDatabase<T>(work: (url: string) => Promise<T>): Promise<T> {
  const name = `pons_empty_${randomBytes(6).toString('hex')}`;
  const admin = new pg.Client({ connectionString: test.url });
  await admin.connect();
  await admin.query(`create database ${name} template template0`);
  try {
    return await work(test.url.replace(/pons_test_\w+/, name));
  } finally {
    await admin.query(`drop database ${name}`);
    await admin.end();
  }
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

describe('migrate', () => {
  it('four processes that start at once migrate once, and each finds its server name', async () => {
    await emptyDatabase(async (url) => {
      await Promise.all([1, 2, 3, 4].map((now) => migrate({ connection: url, serverName: 'one.example', now })));
      expect(await query(url, 'select count(*)::int as done from schema_migrations')).toEqual([
        { done: migrations().length },
      ]);
      expect(await query(url, 'select server_name from server')).toEqual([{ server_name: 'one.example' }]);
    });
  });

  it('a database of another server is refused by name', async () => {
    await emptyDatabase(async (url) => {
      await migrate({ connection: url, serverName: 'one.example', now: 1 });
      await expect(migrate({ connection: url, serverName: 'two.example', now: 2 })).rejects.toThrow(
        'belongs to one.example, server_name is two.example',
      );
    });
  });

  it('a schema newer than this version is refused', async () => {
    await emptyDatabase(async (url) => {
      await migrate({ connection: url, now: 1 });
      await query(url, "insert into schema_migrations values (9999, '9999-future', 1)");
      await expect(migrate({ connection: url, now: 2 })).rejects.toThrow(SchemaError);
    });
  });
});
