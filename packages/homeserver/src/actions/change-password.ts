// Changing a password, proven by the old one. Unless asked otherwise, every other session ends.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountpassword

import { type JsonObject, MatrixError } from '@pons/spec';
import { type DevicesParts, removeAllDevices } from '../accounts/devices.ts';
import type { InteractiveAuth } from '../accounts/interactive-auth.ts';
import type { Passwords } from '../accounts/passwords.ts';
import { changePasswordHash } from '../accounts/users.ts';
import type { Requester } from '../platform/requester.ts';

/** What changing a password needs of the house. */
export interface ChangePasswordParts extends DevicesParts {
  readonly passwords: Passwords;
  readonly interactiveAuth: InteractiveAuth;
}

/** Changes the requester's password; answers the body of a 401 where authentication comes first. */
export async function changePassword(
  parts: ChangePasswordParts,
  requester: Requester,
  request: { readonly body: JsonObject; readonly newPassword: string; readonly logoutDevices: boolean },
): Promise<JsonObject | undefined> {
  const { userId } = requester;
  if (requester.appserviceId !== undefined) {
    throw new MatrixError('M_FORBIDDEN', 'users of an application service have no password');
  }
  const auth = await parts.interactiveAuth.authenticate({
    operation: 'changePassword',
    userId,
    body: request.body,
    flows: [['m.login.password']],
  });
  if (auth.outcome === 'challenge') return auth.body;
  await changePasswordHash(parts.db, userId, await parts.passwords.hash(request.newPassword));
  if (request.logoutDevices) await removeAllDevices(parts, userId, requester.deviceId);
  return undefined;
}
