// Accounts of this server: the grammar of a new localpart, making an account, finding one, ending one.
// Whether somebody may register at all is decided by actions/register-account.ts.
// https://spec.matrix.org/v1.19/appendices/#user-identifiers

import { MatrixError } from '@pons/spec';
import type { Restriction } from '../platform/restricted-account.ts';
import type { Queryable } from '../storage/database.ts';
import { forgetActive } from '../storage/tables/active-users.ts';
import { insertErasure } from '../storage/tables/erasures.ts';
import {
  deactivateUser,
  findUser,
  insertUser,
  restrictUser,
  setPasswordHash,
  type UserRow,
  usersAfter,
} from '../storage/tables/users.ts';

/** An account as the rest of the house sees it. */
export interface Account {
  readonly userId: string;
  readonly passwordHash: string | null;
  readonly admin: boolean;
  readonly guest: boolean;
  readonly deactivated: boolean;
  readonly createdTs: number;
  readonly appserviceId: string | null;
  readonly locked: boolean;
  readonly suspended: boolean;
}

/** Bytes of a whole user id. */
const userIdBytesMax = 255;
const generatedBytes = 8;
const strictLocalpart = /^[a-z0-9._=\-/+]+$/;

/**
 * The user id for a new account.
 *
 * @param localpart  of the strict grammar; older ids in the wild are looser, but no new one may be
 * @throws MatrixError M_INVALID_USERNAME
 */
export function newUserId(localpart: string, serverName: string): string {
  if (!strictLocalpart.test(localpart)) {
    throw new MatrixError('M_INVALID_USERNAME', 'a user name has only the characters a-z, 0-9 and . _ = - / +');
  }
  const userId = `@${localpart}:${serverName}`;
  if (Buffer.byteLength(userId) > userIdBytesMax) {
    throw new MatrixError('M_INVALID_USERNAME', `a user id has at most ${userIdBytesMax} bytes: choose a shorter name`);
  }
  return userId;
}

/** A localpart for somebody who gave none. */
export function generateLocalpart(randomBytes: (size: number) => Buffer): string {
  return `u${randomBytes(generatedBytes).toString('hex')}`;
}

/** The user id that a client means by `user` of an m.id.user identifier: a localpart or a whole id. */
export function userIdOf(user: string, serverName: string): string {
  return user.startsWith('@') ? user : `@${user}:${serverName}`;
}

/**
 * Makes an account in the caller's transaction.
 *
 * @throws MatrixError M_USER_IN_USE, also for the id of a deactivated account
 */
export async function createAccount(
  tx: Queryable,
  account: {
    userId: string;
    passwordHash: string | null;
    createdTs: number;
    admin?: boolean;
    guest?: boolean;
    appserviceId?: string;
  },
): Promise<void> {
  const created = await insertUser(tx, {
    userId: account.userId,
    passwordHash: account.passwordHash,
    createdTs: account.createdTs,
    admin: account.admin ?? false,
    guest: account.guest ?? false,
    appserviceId: account.appserviceId ?? null,
  });
  if (!created) throw userInUse(account.userId);
}

/** The refusal for a user id that is taken. */
export function userInUse(userId: string): MatrixError {
  return new MatrixError('M_USER_IN_USE', `${userId} is taken: choose another user name`);
}

/** An account by user id, deactivated ones included. */
export async function findAccount(db: Queryable, userId: string): Promise<Account | undefined> {
  const row = await findUser(db, userId);
  return row === undefined ? undefined : toAccount(row);
}

/** Accounts by user id, after one of them; those that application services registered only when asked for. */
export async function listAccounts(
  db: Queryable,
  page: { readonly after: string; readonly limit: number; readonly ghosts: boolean },
): Promise<Account[]> {
  return (await usersAfter(db, page.after, page)).map(toAccount);
}

/** Stores a new password hash. */
export async function changePasswordHash(db: Queryable, userId: string, passwordHash: string): Promise<void> {
  await setPasswordHash(db, userId, passwordHash);
}

/** Ends an account for good; its sessions are the caller's business. */
export async function endAccount(tx: Queryable, userId: string, now: number): Promise<void> {
  await deactivateUser(tx, userId, now);
  await forgetActive(tx, userId);
}

/** Locks or suspends an account, or takes it back, in the caller's transaction; who remembers it is the caller's business. */
export async function restrictAccount(tx: Queryable, userId: string, change: Partial<Restriction>): Promise<void> {
  const { locked = null, suspended = null } = change;
  await restrictUser(tx, userId, { locked, suspended });
}

/** Whoever comes to a room from now on sees nothing of what the user has sent (rooms/erased-copies.ts). */
export async function eraseAccount(db: Queryable, userId: string): Promise<void> {
  await insertErasure(db, userId);
}

function toAccount(row: UserRow): Account {
  return {
    userId: row.user_id,
    passwordHash: row.password_hash,
    admin: row.admin,
    guest: row.guest,
    deactivated: row.deactivated_ts !== null,
    createdTs: row.created_ts,
    appserviceId: row.appservice_id,
    locked: row.locked,
    suspended: row.suspended,
  };
}
