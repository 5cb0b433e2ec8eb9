// Users of application services in numbers: thousands are looked up, made and named with one statement each, where one by one would
// take a request and three statements for each.
import { type JsonObject, MatrixError } from '@pons/spec';
import { type Restriction, unrestricted } from '../platform/restricted-account.ts';
import type { Queryable } from '../storage/database.ts';
import { findKnownUsers, insertGhosts, type NamedUserRow, nameUsers } from '../storage/tables/ghosts.ts';
import { checkValue, namesOf } from './profiles.ts';

/** What memberships repeat of a profile. */
export interface Names {
  readonly displayname: string | null;
  readonly avatarUrl: string | null;
}

/** Content of the membership of somebody with these names who is in a room. */
export function membershipContent({ displayname, avatarUrl }: Names): JsonObject {
  return {
    membership: 'join',
    ...namesOf({ displayname, avatar_url: avatarUrl }),
  };
}

/** An account as those see it who act for many. */
export type KnownUser = Names & Restriction;

/** Those of these users that are registered and not deactivated. */
export async function knownUsers(db: Queryable, userIds: readonly string[]): Promise<Map<string, KnownUser>> {
  return new Map((await findKnownUsers(db, userIds)).map(({ userId, ...known }) => [userId, known]));
}

/**
 * Registers those that are not registered yet.
 *
 * @returns whom it registered, and names of all who are not deactivated; whoever is new has none yet
 */
export async function registerGhosts(
  db: Queryable,
  userIds: readonly string[],
  made: { readonly createdTs: number; readonly appserviceId: string },
): Promise<{ readonly registered: ReadonlySet<string>; readonly names: Map<string, KnownUser> }> {
  const names = await knownUsers(db, userIds);
  const unknown = userIds.filter((userId) => !names.has(userId));
  const registered = new Set(await insertGhosts(db, unknown, made));
  for (const userId of registered) names.set(userId, { displayname: null, avatarUrl: null, ...unrestricted });
  // Deactivated, or registered by somebody else just now.
  const others = unknown.filter((userId) => !registered.has(userId));
  for (const [userId, own] of await knownUsers(db, others)) names.set(userId, own);
  return { registered, names };
}

/** Gives users their names. @returns whose changed */
export async function nameGhosts(db: Queryable, users: readonly NamedUserRow[]): Promise<ReadonlySet<string>> {
  return new Set(await nameUsers(db, users));
}

/**
 * A name or an avatar as it is stored; null for none.
 *
 * @throws MatrixError M_BAD_JSON, M_INVALID_PARAM
 */
export function checkName(field: 'displayname' | 'avatar_url', value: string | null): string | null {
  const checked = checkValue(field, value);
  if (typeof checked !== 'string') return null;
  if (checked.includes('\0')) throw new MatrixError('M_INVALID_PARAM', `\`${field}\` must not contain U+0000`);
  return checked;
}
