// Reads the text of every registration there is: the files of the configuration, the folder, and the table of those that were added
// live. Nothing is judged here; choose-registrations.ts does.

import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Queryable } from '../storage/database.ts';
import { liveRegistrations } from '../storage/tables/appservice-registrations.ts';
import type { RegistrationSource } from './registry.ts';

/** Where registrations are (`appservices.files`, `appservices.folder`). */
export interface RegistrationPlaces {
  readonly files: readonly string[];
  readonly folder?: string;
}

/** One registration text and where it is from. */
export interface Candidate {
  readonly file: string;
  readonly source: RegistrationSource;
  /** undefined: it could not be read; `unreadable` says why. */
  readonly text?: string;
  readonly unreadable?: string;
}

/** Why a file that `appservices.files` names has no text: it is not there. */
export const gone =
  'there is no such file: put it there, and it is loaded within seconds, or take its name out of appservices.files';

const filesMax = 10_000;

/** All of them; `folderGone` when the folder itself is not there. */
export async function readRegistrations(
  places: RegistrationPlaces,
  db: Queryable,
): Promise<{ readonly candidates: readonly Candidate[]; readonly folderGone: boolean }> {
  const inFolder = places.folder === undefined ? [] : await yamlFilesOf(places.folder);
  const files = await Promise.all(filesOf(places, inFolder ?? []).map(readOne));
  const live = (await liveRegistrations(db)).map((row) => ({
    file: `(added live) ${row.appservice_id}`,
    source: { live: row.appservice_id },
    text: row.registration,
  }));
  return { candidates: [...files, ...live], folderGone: inFolder === undefined };
}

/** What tells, without reading, whether any file is another than before. */
export async function stampOf(places: RegistrationPlaces): Promise<string> {
  const inFolder = places.folder === undefined ? [] : ((await yamlFilesOf(places.folder)) ?? []);
  const stamps = filesOf(places, inFolder).map(async (file) => {
    const { ino, size, mtimeMs } = await stat(file).catch(() => ({ ino: 0, size: 0, mtimeMs: 0 })); // not there, or not ours to see
    return `${file} ${ino} ${size} ${mtimeMs}`;
  });
  return (await Promise.all(stamps)).join('\n');
}

function filesOf(places: RegistrationPlaces, inFolder: readonly string[]): string[] {
  return [...new Set([...places.files, ...inFolder].map((file) => path.resolve(file)))].slice(0, filesMax);
}

async function readOne(file: string): Promise<Candidate> {
  try {
    return { file, source: { file }, text: await readFile(file, 'utf8') };
  } catch (error) {
    return { file, source: { file }, unreadable: reasonOf(error) };
  }
}

/** Whether a file of the folder is a registration. Editors keep their copies beside it: hidden, or with another ending. */
export function isYaml(name: string): boolean {
  return /\.ya?ml$/.test(name) && !name.startsWith('.');
}

async function yamlFilesOf(folder: string): Promise<string[] | undefined> {
  try {
    const names = await readdir(folder);
    return names
      .filter(isYaml)
      .sort()
      .map((name) => path.join(folder, name));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined; // made when it is watched
    throw error;
  }
}

function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ENOENT') return gone;
  if (code === 'EACCES') return 'may not be read by this user: change its owner or mode';
  return `cannot be read (${String(code ?? error)})`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
