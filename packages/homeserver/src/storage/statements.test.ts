// Every statement of storage against the migrated schema.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../testkit/src/database.ts';
import { registeredStatements } from './database.ts';

const files = ['.', 'tables']
  .flatMap((folder) => readdirSync(path.join(import.meta.dirname, folder)).map((name) => path.join(folder, name)))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));

let test: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  test = await testDatabase();
  client = new pg.Client({ connectionString: test.url });
  await client.connect();
  for (const file of files) await import(path.join(import.meta.dirname, file));
});
afterAll(async () => {
  await client.end();
  await test.drop();
});

it('every statement is registered by statement(), which refuses a name that is taken', () => {
  // Dumps and restores make statements from the catalogue's names of tables.
  const literals = files.filter(
    (file) =>
      !/^(dump|restore)\.ts$/.test(file) &&
      /^\s+text: [`'"]/m.test(readFileSync(path.join(import.meta.dirname, file), 'utf8')),
  );
  expect(literals).toEqual([]);
  expect(registeredStatements().length).toBeGreaterThan(50);
});

it('no statement finds an event by its id alone', () => {
  const byId = registeredStatements().filter(
    ({ text }) => /\b(from|join) events\b/.test(text) && /event_id\s*=\s*(any\()?(\$|\w+\.)/.test(text),
  );
  expect(byId.length).toBeGreaterThan(5);
  const alone = byId.filter(({ text }) => !/room_nid\s*=|room_id\s*=|using \(room_nid/.test(text));
  expect(alone.map(({ name }) => name)).toEqual([]);
});

it('PostgreSQL accepts every statement against the migrated schema', async () => {
  const refused: string[] = [];
  for (const { name, text } of registeredStatements()) {
    if (/^(set|analyze) /.test(text)) continue; // prepared by the protocol, not by PREPARE
    await client.query(`prepare one as ${text}`).then(
      () => client.query('deallocate one'),
      (error: Error) => refused.push(`${name}: ${error.message}`),
    );
  }
  expect(refused).toEqual([]);
});
