// The users that an application service registered, page by page, whether it still runs or not.

import { compileRegex } from '@pons/registration';
import { MatrixError } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import {
  aliasesOfAppserviceUsers,
  appserviceUserOwners,
  type AppserviceUserRow,
  appserviceUsersAfter,
  appserviceUserIdsAfter,
  countAppserviceUsers,
  deleteAppserviceUser,
} from '../storage/tables/appservice-users.ts';

/** A user of an application service; its sender is one too. */
export interface Ghost {
  readonly userId: string;
  readonly displayname: string | undefined;
  readonly createdTs: number;
  readonly deactivated: boolean;
  /** How many rooms it is in. */
  readonly rooms: number;
}

/** Where a page begins, how many rows it looks at, and which of them are wanted. */
export interface Page {
  readonly after: string;
  readonly limit: number;
  /** Ids that match from their start on, in linear time; null: all. */
  readonly pattern: string | null;
}

/** What of a page was wanted; `next` is where the next begins, undefined after the last. */
export interface Paged<T> {
  readonly found: readonly T[];
  readonly seen: number;
  readonly next: string | undefined;
}

/**
 * Users of an application service, by user id.
 *
 * @throws MatrixError M_INVALID_PARAM for a pattern that is none
 */
export async function listGhosts(db: Queryable, appserviceId: string, page: Page): Promise<Paged<Ghost>> {
  const rows = await appserviceUsersAfter(db, appserviceId, page.after, page.limit);
  return paged(rows.map(toGhost), ({ userId }) => userId, page);
}

function paged<T>(rows: readonly T[], idOf: (row: T) => string, { pattern, limit }: Page): Paged<T> {
  const matches = pattern === null ? () => true : matcherOf(pattern);
  const last = rows.length < limit ? undefined : rows.at(-1);
  return {
    found: rows.filter((row) => matches(idOf(row))),
    seen: rows.length,
    next: last === undefined ? undefined : idOf(last),
  };
}

/** Ids looked at together when those that match are counted: others have their turn in between. */
const countedPerPage = 1_000;

function matcherOf(pattern: string): (id: string) => boolean {
  // What was to be filled in and was not means nobody, least of all everybody.
  if (pattern === '')
    throw new MatrixError('M_INVALID_PARAM', 'pattern is empty: leave it out for all, or say which (`.*` matches all)');
  try {
    return compileRegex(pattern);
  } catch (cause) {
    // re2js says what is wrong in its message.
    throw new MatrixError('M_INVALID_PARAM', `pattern is no regular expression: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * How many there are, of those that match.
 *
 * @throws MatrixError M_INVALID_PARAM for a pattern that is none
 */
export async function countGhosts(db: Queryable, appserviceId: string, pattern: string | null): Promise<number> {
  if (pattern === null) return countAppserviceUsers(db, appserviceId);
  const matches = matcherOf(pattern);
  let count = 0;
  for (let after = ''; ; ) {
    const ids = await appserviceUserIdsAfter(db, appserviceId, after, countedPerPage);
    count += ids.filter(matches).length;
    const last = ids.at(-1);
    if (last === undefined || ids.length < countedPerPage) return count;
    after = last;
  }
}

/** Ids of application services that left users behind when they were removed; users that have ended do not count. */
export async function orphanOwners(db: Queryable, known: (appserviceId: string) => boolean): Promise<string[]> {
  return (await appserviceUserOwners(db)).filter((id) => !known(id));
}

/** Aliases that its users made, sorted. @throws as listGhosts does */
export async function listAliases(
  db: Queryable,
  appserviceId: string,
  page: Page,
): Promise<Paged<{ readonly alias: string; readonly roomId: string }>> {
  const rows = await aliasesOfAppserviceUsers(db, appserviceId, page.after, page.limit);
  return paged(rows, ({ alias }) => alias, page);
}

/** Deletes the account for good: its id may be registered anew. */
export function forgetGhost(db: Queryable, userId: string, appserviceId: string): Promise<void> {
  return deleteAppserviceUser(db, userId, appserviceId);
}

function toGhost({ userId, createdTs, deactivatedTs, displayname, rooms }: AppserviceUserRow): Ghost {
  return { userId, createdTs, deactivated: deactivatedTs !== null, displayname: displayname ?? undefined, rooms };
}
