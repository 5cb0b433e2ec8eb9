// Locking and suspending accounts of this server: what administrators can take from an account without ending it, and give back. It holds
// from the next call on, in every process: whoever remembers the account forgets it.
// https://spec.matrix.org/v1.19/client-server-api/#account-moderation
import { MatrixError, parseUserId } from '@pons/spec';
import type { AccessTokens } from '../accounts/access-tokens.ts';
import { findAccount, restrictAccount } from '../accounts/users.ts';
import type { Requester } from '../platform/requester.ts';
import type { Restriction } from '../platform/restricted-account.ts';
import type { Database } from '../storage/database.ts';

/** What it needs of the house. */
export interface ModerateAccountParts {
  readonly db: Database;
  readonly serverName: string;
  readonly accessTokens: Pick<AccessTokens, 'userChanged' | 'forget'>;
  /** Whether the configuration names this user an administrator. */
  readonly isAdmin: (userId: string) => boolean;
}

/**
 * What is taken from an account.
 *
 * @throws MatrixError M_FORBIDDEN for anybody but administrators, and about other administrators; M_INVALID_PARAM for a user of another
 *         server; M_NOT_FOUND for nobody, or an account that has ended
 */
export async function accountRestriction(
  { db, serverName, isAdmin }: Pick<ModerateAccountParts, 'db' | 'serverName' | 'isAdmin'>,
  requester: Requester,
  userId: string,
): Promise<Restriction> {
  // First of all, so that nobody else learns who has an account.
  if (!requester.admin) {
    throw new MatrixError('M_FORBIDDEN', 'Only administrators of this server lock and suspend accounts.');
  }
  if (parseUserId(userId)?.serverName !== serverName) {
    throw new MatrixError('M_INVALID_PARAM', `That is no user id of ${serverName}.`);
  }
  const account = await findAccount(db, userId);
  if (account === undefined || account.deactivated) throw new MatrixError('M_NOT_FOUND', 'There is no such account.');
  if (userId !== requester.userId && (account.admin || isAdmin(userId))) {
    throw new MatrixError('M_FORBIDDEN', 'Administrators are not locked or suspended by one another.');
  }
  return account;
}

/**
 * Takes something from an account, or gives it back.
 *
 * @throws MatrixError as accountRestriction does; M_FORBIDDEN about oneself
 */
export async function moderateAccount(
  parts: ModerateAccountParts,
  requester: Requester,
  userId: string,
  change: Partial<Restriction>,
): Promise<void> {
  await accountRestriction(parts, requester, userId);
  if (userId === requester.userId) throw new MatrixError('M_FORBIDDEN', 'Nobody locks or suspends their own account.');
  await parts.db.transaction(async (tx) => {
    await restrictAccount(tx, userId, change);
    await parts.accessTokens.userChanged(tx, userId);
  });
  parts.accessTokens.forget('user', userId);
}
