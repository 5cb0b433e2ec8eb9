// database: the embedded PostgreSQL, or a server's URL.

import { custom, type Reading } from '../field.ts';

/** Which PostgreSQL. */
export type DatabaseConfig =
  | { readonly kind: 'embedded'; readonly binaries?: string }
  | { readonly kind: 'server'; readonly url: string };

const takes = 'embedded, { embedded: { binaries: FOLDER } } or postgres://user:password@host:5432/name';

function read(value: unknown, path: string, reading: Reading): DatabaseConfig {
  if (value === 'embedded') return { kind: 'embedded' };
  if (typeof value === 'string' && /^postgres(ql)?:\/\/|^\/|^[a-z_]+=/.test(value))
    return { kind: 'server', url: value };
  const binaries = binariesOf(value);
  if (binaries !== undefined) return { kind: 'embedded', binaries };
  // The value may hold a password: it is not repeated.
  reading.problem(path, `must be ${takes}`);
  return { kind: 'embedded' };
}

function binariesOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('embedded' in value)) return undefined;
  const { embedded } = value;
  if (typeof embedded !== 'object' || embedded === null || !('binaries' in embedded)) return undefined;
  return typeof embedded.binaries === 'string' ? embedded.binaries : undefined;
}

/** The key `database`. */
export const databaseField = custom<DatabaseConfig>(
  takes,
  {
    about: `The database: ${takes}. Installed binaries must be version 17 or newer, a server 15 or newer.`,
    fallback: () => ({ kind: 'embedded' }),
    example: 'embedded',
  },
  read,
);
