// One PostgreSQL and one migrated template for a whole test run. vitest's globalSetup (database-setup.ts) makes it in the main process
// and hands it to the workers over a socket; a program outside of vitest makes its own. Nothing starts before somebody asks.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbedded } from '../../homeserver/src/storage/embedded/supervise.ts';
import { migrate } from '../../homeserver/src/storage/migrate.ts';

export interface DatabaseServer {
  /** A fresh database with our schema in it: its URL. */
  create(): Promise<string>;
  drop(url: string): Promise<void>;
  /** Drops what is left and stops what was started. */
  stop(): Promise<void>;
}

interface Running {
  readonly admin: pg.Client;
  readonly template: string;
  readonly urlOf: (name: string) => string;
  readonly stop: () => Promise<void>;
}

interface ServerPlace {
  readonly adminUrl: string;
  readonly urlOf: (name: string) => string;
  readonly stop: () => Promise<void>;
}

/** The server that TEST_DATABASE_URL names, else an embedded one of our own. */
export function databaseServer(): DatabaseServer {
  let running: Promise<Running> | undefined;
  const names = new Set<string>();
  return {
    create: async () => {
      running ??= start();
      const { admin, template, urlOf } = await running;
      const name = `pons_test_${randomBytes(6).toString('hex')}`;
      names.add(name);
      await admin.query(`create database ${name} template ${template}`);
      return urlOf(name);
    },
    drop: async (url) => {
      const name = /\/(pons_test_\w+)/.exec(url)?.[1];
      if (running === undefined || name === undefined || !names.delete(name)) return;
      await (await running).admin.query(`drop database ${name} with (force)`);
    },
    stop: async () => {
      if (running === undefined) return;
      const started = await running.catch(() => undefined); // whoever asked for it was told
      if (started === undefined) return;
      const { admin, template, stop } = started;
      for (const name of names) await admin.query(`drop database if exists ${name} with (force)`);
      await admin.query(`drop database ${template}`);
      await admin.end();
      await stop();
    },
  };
}

async function start(): Promise<Running> {
  const given = process.env['TEST_DATABASE_URL'];
  const server = given === undefined ? await embedded() : onServer(given);
  const admin = new pg.Client({ connectionString: server.adminUrl });
  await admin.connect();
  const template = `pons_template_${randomBytes(6).toString('hex')}`;
  await admin.query(`create database ${template} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`);
  await migrate({ connection: server.urlOf(template), now: 0 });
  return { admin, template, urlOf: server.urlOf, stop: server.stop };
}

async function embedded(): Promise<ServerPlace> {
  const folder = mkdtempSync(path.join(tmpdir(), 'pons-test-'));
  const { connection, stop } = await startEmbedded({ dataDir: folder, maxConnections: 200 }).catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  });
  const urlOf = (name: string) =>
    `postgresql:///${name}?host=${encodeURIComponent(connection.host)}&user=${connection.user}`;
  return {
    adminUrl: urlOf('postgres'),
    urlOf,
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function onServer(base: string): ServerPlace {
  return {
    adminUrl: base,
    urlOf: (name) => base.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`),
    stop: () => Promise.resolve(),
  };
}
