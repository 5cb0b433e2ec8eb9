// Logging in: with a password, or as an application service for a user of its namespace. A login with a known device id takes that device
// over and ends its earlier tokens. A wrong name and a wrong password cost the same and answer the same.
// https://spec.matrix.org/v1.19/client-server-api/#legacy-login

import { MatrixError } from '@pons/spec';
import {
  checkDeviceId,
  checkDisplayName,
  type DevicesParts,
  generateDeviceId,
  openSession,
  tellOfDevices,
} from '../accounts/devices.ts';
import type { Passwords } from '../accounts/passwords.ts';
import { findAccount, userIdOf } from '../accounts/users.ts';
import type { Requester } from '../platform/requester.ts';
import { accountLocked } from '../platform/restricted-account.ts';
import { assertLogsIn, type UserNamespaces } from './register-account.ts';

/** What logging in needs of the house. */
export interface LogInParts extends DevicesParts {
  readonly randomBytes: (size: number) => Buffer;
  readonly serverName: string;
  readonly passwords: Passwords;
  readonly namespaces: UserNamespaces;
}

/** What a login asks of its session. */
export interface LogInRequest {
  /** Localpart or user id. */
  readonly user: string;
  readonly deviceId?: string;
  readonly displayName?: string;
  readonly refreshable: boolean;
}

/** A session that is open. */
export interface LoggedIn {
  readonly userId: string;
  readonly deviceId: string;
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly expiresInMs?: number;
}

/**
 * Logs in with a password.
 *
 * @throws MatrixError M_FORBIDDEN for a wrong name or password, M_USER_DEACTIVATED with the right one of an account that has none left; M_USER_LOCKED
 */
export async function logInWithPassword(parts: LogInParts, request: LogInRequest, password: string): Promise<LoggedIn> {
  // People's names were lowered when they registered, and telephones like to begin with a capital.
  const userId = userIdOf(request.user.toLowerCase(), parts.serverName);
  if (!(await verifyPassword(parts, userId, password))) {
    const account = await findAccount(parts.db, userId);
    if (account?.deactivated === true) throw new MatrixError('M_USER_DEACTIVATED', 'this account has been deactivated');
    throw new MatrixError('M_FORBIDDEN', 'the user name or the password is wrong');
  }
  // Only who knows the password learns of it.
  if ((await findAccount(parts.db, userId))?.locked === true) throw accountLocked();
  return openFor(parts, userId, request);
}

/**
 * Logs a user of an application service in.
 *
 * @throws MatrixError M_MISSING_TOKEN, M_UNKNOWN_TOKEN, M_APPSERVICE_LOGIN_UNSUPPORTED, M_EXCLUSIVE outside its namespace, M_FORBIDDEN
 *         for a user who is not registered
 */
export async function logInForAppservice(
  parts: LogInParts,
  requester: Requester | undefined,
  request: LogInRequest,
): Promise<LoggedIn> {
  if (requester === undefined) throw new MatrixError('M_MISSING_TOKEN', 'give the as_token of the application service');
  const { appserviceId } = requester;
  if (appserviceId === undefined) {
    throw new MatrixError(
      'M_UNKNOWN_TOKEN',
      'm.login.application_service needs the as_token of an application service',
    );
  }
  assertLogsIn(parts, appserviceId, 'use PUT /devices/{deviceId}');
  const userId = userIdOf(request.user, parts.serverName);
  if (!parts.namespaces.covers(appserviceId, userId)) {
    throw new MatrixError('M_EXCLUSIVE', `${userId} is not in a namespace of this application service`);
  }
  const account = await findAccount(parts.db, userId);
  if (account === undefined) throw new MatrixError('M_FORBIDDEN', `${userId} is not registered: register it first`);
  if (account.deactivated) throw new MatrixError('M_USER_DEACTIVATED', 'this account has been deactivated');
  if (account.locked) throw accountLocked();
  return openFor(parts, userId, request);
}

/** Whether this is the password of an active local account. Takes as long when there is no such account. */
export async function verifyPassword(
  parts: Pick<LogInParts, 'db' | 'passwords'>,
  userId: string,
  password: string,
): Promise<boolean> {
  const account = userId.includes('\0') ? undefined : await findAccount(parts.db, userId);
  return parts.passwords.verify(account?.passwordHash ?? null, password);
}

async function openFor(parts: LogInParts, userId: string, request: LogInRequest): Promise<LoggedIn> {
  const deviceId =
    request.deviceId === undefined ? generateDeviceId(parts.randomBytes) : checkDeviceId(request.deviceId);
  const displayName = request.displayName === undefined ? null : checkDisplayName(request.displayName);
  const { tokens, ended, created } = await parts.db.transaction((tx) =>
    openSession(tx, parts, { userId, deviceId, displayName, refreshable: request.refreshable }),
  );
  for (const tokenHash of ended) parts.accessTokens.forget('token', tokenHash.toString('hex'));
  if (created) await tellOfDevices(parts, userId, { deviceIds: [deviceId] });
  return { userId, deviceId, ...tokens };
}
