// Databases for tests, each cloned from one migrated template: a clone costs a tenth of a migration. The server is the caller's, or an
// embedded one in a temporary folder that nothing starts before somebody asks. Used by @pons/pons/embed for authors of bridges and by
// our own testkit.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { startEmbedded } from './embedded/supervise.ts';
import { migrate } from './migrate.ts';

/** Gives out databases. */
export interface ClonedDatabases {
  /** A fresh database with our schema in it: its URL. */
  create(): Promise<string>;
  drop(url: string): Promise<void>;
  /** Drops what is left and stops what was started. */
  stop(): Promise<void>;
}

/** Many homeservers at once, each with its pool. */
const maxConnections = 200;

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

/** @param server URL of a PostgreSQL server whose user may make databases; undefined: an embedded one */
export function clonedDatabases(server?: string): ClonedDatabases {
  let running: Promise<Running> | undefined;
  const names = new Set<string>();
  return {
    create: async () => {
      running ??= start(server);
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
      running = undefined;
      if (started === undefined) return;
      const { admin, template, stop } = started;
      for (const name of names) await admin.query(`drop database if exists ${name} with (force)`);
      await admin.query(`drop database ${template}`);
      await admin.end();
      await stop();
    },
  };
}

async function start(given: string | undefined): Promise<Running> {
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
  const forget = removeAfterProcess(folder);
  const running = await startEmbedded({ dataDir: folder, maxConnections }).catch((error: unknown) => {
    forget();
    throw error;
  });
  const { connection } = running;
  const urlOf = (name: string) =>
    `postgresql:///${name}?host=${encodeURIComponent(connection.host)}&user=${connection.user}`;
  return {
    adminUrl: urlOf('postgres'),
    urlOf,
    stop: async () => {
      await running.stop();
      forget();
    },
  };
}

/**
 * Test runners end their workers by SIGTERM, in the middle or after the last test, and leave them no time: another process removes
 * the folder when PostgreSQL, which ends with this one, has gone.
 *
 * @returns removes it now
 */
function removeAfterProcess(folder: string): () => void {
  const asked = () => {
    // Whoever else listens wants to stop in order, and the process's end is theirs.
    if (process.listenerCount('SIGTERM') === 0) process.exit();
  };
  const leave = () => {
    spawn('sh', ['-c', 'sleep 2; rm -rf "$0"', folder], { detached: true, stdio: 'ignore' }).unref();
  };
  process.once('exit', leave).once('SIGTERM', asked);
  return () => {
    process.off('exit', leave).off('SIGTERM', asked);
    rmSync(folder, { recursive: true, force: true });
  };
}

function onServer(base: string): ServerPlace {
  return {
    adminUrl: base,
    urlOf: (name) => base.replace(/^(postgres(?:ql)?:\/\/[^/]*\/)[^?]*/, `$1${name}`),
    stop: () => Promise.resolve(),
  };
}
