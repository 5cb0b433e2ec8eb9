// A new password by the operator, who proves nothing: `pons user reset-password`. Every session of the account ends.

import { MatrixError } from '@pons/spec';
import { type DevicesParts, removeAllDevices } from '../accounts/devices.ts';
import type { Passwords } from '../accounts/passwords.ts';
import { changePasswordHash, findAccount, userIdOf } from '../accounts/users.ts';

/** What resetting a password needs of the house. */
export interface ResetPasswordParts extends DevicesParts {
  readonly passwords: Passwords;
  readonly serverName: string;
}

/**
 * Replaces the password of an account; answers its user id.
 *
 * @param user  localpart or user id
 * @throws MatrixError M_NOT_FOUND, M_USER_DEACTIVATED, M_FORBIDDEN for a user of an application service; see Passwords.hash
 */
export async function resetPassword(
  parts: ResetPasswordParts,
  { user, password }: { readonly user: string; readonly password: string },
): Promise<string> {
  const userId = userIdOf(user, parts.serverName);
  const account = await findAccount(parts.db, userId);
  if (account === undefined) throw new MatrixError('M_NOT_FOUND', `there is no ${userId}`);
  if (account.deactivated) throw new MatrixError('M_USER_DEACTIVATED', `${userId} has been deactivated for good`);
  if (account.appserviceId !== null) {
    throw new MatrixError('M_FORBIDDEN', `${userId} belongs to an application service: such users have no password`);
  }
  await changePasswordHash(parts.db, userId, await parts.passwords.hash(password));
  await removeAllDevices(parts, userId);
  return userId;
}
