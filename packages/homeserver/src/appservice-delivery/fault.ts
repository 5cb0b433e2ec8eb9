// How an error stands in the log: one of the database in a line, since the same comes again until the database is back; a bug with its stack.

import { StorageError } from '../storage/database.ts';

/** Fields for the log. */
export function faultOf(error: unknown): { readonly reason: string } | { readonly err: unknown } {
  return error instanceof StorageError ? { reason: error.message } : { err: error };
}
