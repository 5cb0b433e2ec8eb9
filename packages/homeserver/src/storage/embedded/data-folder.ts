// What the embedded PostgreSQL keeps below the data folder: one lock, a folder of links, a socket, the cluster. Called by supervise.ts.
//
//   DATA/postgres/lock      held while a Pons process has the folder
//   DATA/postgres/lib/      links to shared libraries
//   DATA/postgres/cluster/  PGDATA
//   DATA/postgres/run/      the socket, unless its path is too long for one
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DataFolderInUse, EmbeddedDatabaseError } from './embedded-error.ts';

/** The longest path of a socket in bytes. */
const socketPathMaxBytes = 107;
const socketName = '.s.PGSQL.5432';

/** Takes the folder for this process. The kernel gives it back when the process dies, however it dies; a pid file cannot do that. */
export function lockFolder(folder: string, dataDir: string): { release(): void } {
  const holderFile = path.join(folder, 'holder');
  // SQLite's exclusive lock is an fcntl lock that also works between two users of one process.
  const lock = new DatabaseSync(path.join(folder, 'lock'), { timeout: 0 });
  try {
    lock.exec('pragma locking_mode = exclusive; pragma journal_mode = memory; begin exclusive');
  } catch (cause) {
    lock.close();
    const busy = /locked|busy/.test(String(cause));
    if (!busy) throw new EmbeddedDatabaseError(`cannot lock ${folder}: ${String(cause)}`, { cause });
    throw new DataFolderInUse(dataDir, readIfThere(holderFile));
  }
  writeFileSync(holderFile, String(process.pid));
  return {
    release: () => {
      rmSync(holderFile, { force: true });
      lock.close();
    },
  };
}

/** @throws DataFolderInUse when a process has the folder now */
export function rejectHeldFolder(dataDir: string): void {
  const folder = path.join(dataDir, 'postgres');
  if (existsSync(path.join(folder, 'lock'))) lockFolder(folder, dataDir).release();
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return ''; // not written yet: the message goes without it
  }
}

/** Makes the links in a folder of their own, since the package may be read-only. */
export function linkLibraries(folder: string, links: readonly { name: string; file: string }[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { name, file } of links) {
    const link = path.join(folder, name);
    if (linkTarget(link) === file) continue;
    rmSync(link, { force: true });
    symlinkSync(file, link);
  }
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined; // not there, or not a link
  }
}

/** A folder for the socket: below `folder`, or a short private one that `remove` takes away again. */
export function socketFolder(
  folder: string,
  owner: { uid: number; gid: number } | undefined,
): { dir: string; remove(): void } {
  const near = path.join(folder, 'run');
  if (Buffer.byteLength(path.join(near, socketName)) <= socketPathMaxBytes) {
    mkdirSync(near, { recursive: true, mode: 0o700 });
    if (owner !== undefined) chownSync(near, owner.uid, owner.gid);
    return { dir: near, remove: () => {} };
  }
  const far = mkdtempSync(path.join(Buffer.byteLength(tmpdir()) > 60 ? '/tmp' : tmpdir(), 'pons-'));
  if (owner !== undefined) chownSync(far, owner.uid, owner.gid);
  return { dir: far, remove: () => rmSync(far, { recursive: true, force: true }) };
}

/** Gives a cluster and all in it to somebody, when it is not theirs already. */
export function giveCluster(cluster: string, owner: { uid: number; gid: number } | undefined): void {
  if (owner === undefined) return;
  // Given last: when this is interrupted, the file still says that it is not done.
  const lastFile = path.join(cluster, 'PG_VERSION');
  if (ownerOf(lastFile) === owner.uid) return;
  // From the outside in: without capabilities we can look into what is ours only.
  const give = (file: string, isFolder: boolean): void => {
    if (file === lastFile) return;
    lchownSync(file, owner.uid, owner.gid);
    if (!isFolder) return;
    for (const entry of readdirSync(file, { withFileTypes: true })) {
      give(path.join(file, entry.name), entry.isDirectory());
    }
  };
  give(cluster, true);
  if (ownerOf(lastFile) !== undefined) lchownSync(lastFile, owner.uid, owner.gid);
}

function ownerOf(file: string): number | undefined {
  try {
    return lstatSync(file).uid;
  } catch {
    return undefined; // not there, or not ours to look at
  }
}

/** Makes what happened to names in a folder durable. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
