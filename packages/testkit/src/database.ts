// A fresh database with our schema for a test file: `const { db, drop } = await testDatabase()`. All files of a vitest run share one
// PostgreSQL (database-setup.ts); elsewhere the process has one of its own, which ends with the last database.
import net from 'node:net';
import { createInterface } from 'node:readline';
import type { Database } from '../../homeserver/src/storage/database.ts';
import { openDatabase } from '../../homeserver/src/storage/postgres.ts';
import { systemClock } from '../../homeserver/src/platform/clock.ts';
import { type ClonedDatabases, clonedDatabases } from '../../homeserver/src/storage/cloned-databases.ts';

export interface TestDatabase {
  readonly db: Database;
  readonly url: string;
  /** Closes `db` and drops the database. */
  drop(): Promise<void>;
}

/** Makes a database from the template. */
export async function testDatabase(options: { readonly poolSize?: number } = {}): Promise<TestDatabase> {
  const server = theServer();
  const url = await server.create();
  const db = await openDatabase({ connection: url, poolSize: options.poolSize ?? 5, clock: systemClock });
  return {
    db,
    url,
    drop: async () => {
      await db.close();
      await server.drop(url);
    },
  };
}

function theServer(): Pick<ClonedDatabases, 'create' | 'drop'> {
  const door = process.env['PONS_TEST_DATABASES'];
  if (door === undefined) return own();
  return {
    create: () => ask(door, {}),
    drop: async (url) => {
      await ask(door, { drop: url });
    },
  };
}

let mine: { readonly server: ClonedDatabases; count: number } | undefined;

function own(): Pick<ClonedDatabases, 'create' | 'drop'> {
  mine ??= { server: clonedDatabases(process.env['TEST_DATABASE_URL']), count: 0 };
  const used = mine;
  return {
    create: () => {
      used.count += 1;
      return used.server.create();
    },
    drop: async (url) => {
      await used.server.drop(url);
      used.count -= 1;
      if (used.count > 0) return;
      mine = undefined;
      await used.server.stop();
    },
  };
}

function ask(door: string, question: { readonly drop?: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(door);
    socket.once('error', reject);
    createInterface({ input: socket }).once('line', (line) => {
      const { url, error } = JSON.parse(line) as { url?: string; error?: string };
      if (url === undefined) reject(new Error(error));
      else resolve(url);
    });
    socket.write(`${JSON.stringify(question)}\n`);
  });
}
