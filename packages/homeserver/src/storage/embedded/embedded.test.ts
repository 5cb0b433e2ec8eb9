// The embedded PostgreSQL, case by case: each starts real processes in folders of its own, and leaves none.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataFolderInUse, EmbeddedDatabaseError } from './embedded-error.ts';
import { startEmbedded } from './supervise.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(path.join(tmpdir(), 'pons-embedded-'));
  chmodSync(scratch, 0o755); // an ordinary user has a folder in it
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;
/** Starts an embedded PostgreSQL in a process of its own, which says so in one line and then waits. */
const program = `
  import { startEmbedded } from ${JSON.stringify(path.join(import.meta.dirname, 'supervise.ts'))};
  try {
    const { runAs, pid, stop, connection } = await startEmbedded({ dataDir: process.argv[1] });
    console.log(JSON.stringify({ runAs, pid, connection }));
    process.stdin.once('data', async () => { await stop(); process.exit(0); });
  } catch (error) { console.log(JSON.stringify({ error: error.message })); }`;

interface Told {
  readonly runAs?: string;
  readonly pid?: number;
  readonly error?: string;
}
async function elsewhere(
  dataDir: string,
  before: readonly string[] = [],
): Promise<{ told: Told; child: ChildProcess }> {
  const words = [...before, process.execPath, '--input-type=module', '-e', program, dataDir];
  const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['pipe', 'pipe', 'inherit'] });
  const line = await new Promise<string>((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  return { told: JSON.parse(line) as Told, child };
}
async function end(child: ChildProcess, how: 'stop' | 'kill'): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (how === 'kill') child.kill('SIGKILL');
  else child.stdin?.write('stop\n');
  await ended;
}
async function query(connection: object, text: string): Promise<unknown[]> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

describe('the embedded PostgreSQL', () => {
  it('is made once, keeps what was written over a kill -9 of everything above it, and leaves nothing behind', async () => {
    const dataDir = path.join(scratch, 'killed');
    const first = await elsewhere(dataDir);
    const socket = path.join(dataDir, 'postgres/run');
    await query({ host: socket, user: 'pons', database: 'pons' }, "create table kept as select 'this' as word");
    await end(first.child, 'kill');
    const again = await startEmbedded({ dataDir });
    expect(await query(again.connection, 'select word from kept')).toEqual([{ word: 'this' }]);
    expect(again.pid).not.toBe(first.told.pid);
    await again.stop();
    expect(existsSync(path.join(dataDir, 'postgres/cluster/postmaster.pid'))).toBe(false);
  });

  it('a second process on the folder, or a second start in this one, is told who has it', async () => {
    const dataDir = path.join(scratch, 'shared');
    const embedded = await startEmbedded({ dataDir });
    await expect(startEmbedded({ dataDir })).rejects.toThrow(DataFolderInUse);
    const other = await elsewhere(dataDir);
    expect(other.told.error).toContain(`in use by another Pons process (pid ${process.pid})`);
    await embedded.stop();
  });

  it('starts although the pid file names a process that is somebody else', async () => {
    const dataDir = path.join(scratch, 'reused');
    await (await startEmbedded({ dataDir })).stop();
    const cluster = path.join(dataDir, 'postgres/cluster');
    writeFileSync(path.join(cluster, 'postmaster.pid'), `${process.pid}\n${cluster}\n1\n5432\n/x\n\n  1 0\nready\n`);
    await (await startEmbedded({ dataDir })).stop();
  });

  it('an initdb that was interrupted is made again', async () => {
    const dataDir = path.join(scratch, 'interrupted');
    mkdirSync(path.join(dataDir, 'postgres/cluster.new'), { recursive: true });
    writeFileSync(path.join(dataDir, 'postgres/cluster.new/PG_VERSION'), '18\n');
    await (await startEmbedded({ dataDir })).stop();
  });

  it('comes back when it dies', async () => {
    const dataDir = path.join(scratch, 'dies');
    let told = () => {};
    const recovered = new Promise<void>((resolve) => (told = resolve));
    let deaths = 0;
    const embedded = await startEmbedded({
      dataDir,
      log: (line) => {
        if (line.includes('starting it again')) deaths += 1;
        if (deaths > 0 && line.includes('ready to accept connections')) told();
      },
    });
    process.kill(embedded.pid ?? 0, 'SIGKILL');
    await recovered;
    expect(await query(embedded.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    await embedded.stop();
  });

  it('stops when it is asked to in the moment in which it comes back', async () => {
    let told = () => {};
    const startingAgain = new Promise<void>((resolve) => (told = resolve));
    let starts = 0;
    const embedded = await startEmbedded({
      dataDir: path.join(scratch, 'dies'),
      log: (line) => {
        if (line.includes('starting PostgreSQL') && (starts += 1) === 2) told();
      },
    });
    process.kill(embedded.pid ?? 0, 'SIGKILL');
    await startingAgain;
    await embedded.stop();
    expect(existsSync(path.join(scratch, 'dies/postgres/cluster/postmaster.pid'))).toBe(false);
  });

  it('puts its socket into a short folder when the path is too long for one, and takes that away', async () => {
    const dataDir = path.join(scratch, 'x'.repeat(100));
    const embedded = await startEmbedded({ dataDir });
    const { host } = embedded.connection;
    expect(host.length).toBeLessThan(90);
    expect(await query(embedded.connection, 'select 1 as one')).toEqual([{ one: 1 }]);
    await embedded.stop();
    expect(existsSync(host)).toBe(false);
  });

  it('runs with settings for small containers, fsync on, and listens nowhere but on its socket', async () => {
    const embedded = await startEmbedded({ dataDir: path.join(scratch, 'shared') });
    const names = ['fsync', 'synchronous_commit', 'dynamic_shared_memory_type', 'listen_addresses', 'jit', 'io_method'];
    const rows = await query(
      embedded.connection,
      `select name, setting from pg_settings where name in (${names.map((name) => `'${name}'`).join(', ')}) order by name`,
    );
    expect(rows).toEqual([
      { name: 'dynamic_shared_memory_type', setting: 'mmap' },
      { name: 'fsync', setting: 'on' },
      { name: 'io_method', setting: 'sync' },
      { name: 'jit', setting: 'off' },
      { name: 'listen_addresses', setting: '' },
      { name: 'synchronous_commit', setting: 'on' },
    ]);
    await embedded.stop();
  });

  it('binaries that are too old or not there are refused in one line', async () => {
    const dataDir = path.join(scratch, 'old');
    const missing = startEmbedded({ dataDir, binaries: '/nowhere' });
    await expect(missing).rejects.toThrow('database.embedded.binaries: there is no /nowhere/postgres');
    const old = mkdtempSync(path.join(scratch, 'bin-'));
    for (const name of ['postgres', 'initdb']) {
      writeFileSync(path.join(old, name), '#!/bin/sh\necho "postgres (PostgreSQL) 15.3 (Debian)"\n', { mode: 0o755 });
    }
    await expect(startEmbedded({ dataDir, binaries: old })).rejects.toThrow('is PostgreSQL 15, 17 or newer is needed');
    await expect(startEmbedded({ dataDir, binaries: old })).rejects.toBeInstanceOf(EmbeddedDatabaseError);
  });

  it.runIf(isRoot)(
    'root: another user with one capability; without it a user namespace; an ordinary user plainly',
    async () => {
      const dataDir = mkdtempSync('/root/pons-embedded-');
      try {
        const ways: (string | undefined)[] = [];
        for (const before of [[], ['setpriv', '--bounding-set=-dac_override,-dac_read_search']]) {
          const { told, child } = await elsewhere(dataDir, before);
          ways.push(told.runAs ?? told.error);
          await end(child, 'stop');
        }
        expect(ways[0]).toBe('setpriv');
        expect(ways[1]).toMatch(/^unshare$|run Pons as an ordinary user/);
      } finally {
        rmSync(dataDir, { recursive: true, force: true });
      }
      const ordinary = path.join(scratch, 'ordinary');
      mkdirSync(ordinary);
      chownSync(ordinary, 65_534, 65_534);
      const { told, child } = await elsewhere(ordinary, [
        'setpriv',
        '--reuid=65534',
        '--regid=65534',
        '--clear-groups',
      ]);
      expect(told.runAs).toBe('plain');
      await end(child, 'stop');
      expect(readFileSync(path.join(ordinary, 'postgres/cluster/PG_VERSION'), 'utf8').trim()).toBe('18');
    },
  );
});
