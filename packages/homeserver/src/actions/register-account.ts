// Making accounts: by interactive auth (open, or with a registration token), by an application service for its namespace, by an
// administrator's tool that knows the shared secret, and by the quick start. One transaction makes the account, counts the token and
// opens the session. Names are checked before interactive auth begins, as the specification demands, and by the insert itself.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3register

import { type JsonObject, MatrixError } from '@pons/spec';
import type { DevicesParts, SessionRequest } from '../accounts/devices.ts';
import { checkDeviceId, checkDisplayName, generateDeviceId, openSession } from '../accounts/devices.ts';
import type { AuthStage, InteractiveAuth } from '../accounts/interactive-auth.ts';
import type { Passwords } from '../accounts/passwords.ts';
import { isMacRight, type RegistrationNonces, type SharedSecretRequest } from '../accounts/registration-nonces.ts';
import { spendRegistrationToken } from '../accounts/registration-tokens.ts';
import { createAccount, findAccount, generateLocalpart, newUserId, userInUse } from '../accounts/users.ts';
import type { ExclusiveNamespaces } from '../appservices/exclusive-namespaces.ts';
import type { Masquerading } from '../appservices/masquerade.ts';
import type { Requester } from '../platform/requester.ts';

/** Whose namespace a user id is in. */
export type UserNamespaces = Pick<ExclusiveNamespaces, 'exclusiveOwner' | 'covers' | 'managesDevices'>;

/** What registration needs of the house. */
export interface RegisterParts extends DevicesParts {
  readonly randomBytes: (size: number) => Buffer;
  readonly serverName: string;
  readonly passwords: Passwords;
  readonly interactiveAuth: InteractiveAuth;
  readonly namespaces: UserNamespaces;
  readonly masquerading: Pick<Masquerading, 'registering'>;
  readonly registration: {
    readonly mode: 'closed' | 'token' | 'open';
    readonly sharedSecret?: string;
  };
  readonly nonces: RegistrationNonces;
}

/** A registration as the client asks for it. */
export interface RegistrationRequest {
  readonly username?: string;
  readonly password?: string;
  readonly deviceId?: string;
  readonly displayName?: string;
  readonly inhibitLogin: boolean;
  readonly refreshable: boolean;
}

/** The account that was made, with its session unless that was inhibited. */
export interface RegisteredAccount {
  readonly userId: string;
  readonly session?: {
    readonly deviceId: string;
    readonly accessToken: string;
    readonly refreshToken?: string;
    readonly expiresInMs?: number;
  };
}

/** Registered, or another step of interactive auth to be answered with 401. */
export type RegistrationOutcome =
  | { readonly outcome: 'registered'; readonly account: RegisteredAccount }
  | { readonly outcome: 'challenge'; readonly body: JsonObject };

/**
 * Whether a user name could be registered now; the user id it would get.
 *
 * @throws MatrixError M_INVALID_USERNAME, M_EXCLUSIVE, M_USER_IN_USE
 */
export async function checkUsername(parts: RegisterParts, username: string): Promise<string> {
  // Capitals are mapped onto small letters, which the specification leaves to the server.
  const userId = newUserId(username.toLowerCase(), parts.serverName);
  if (parts.namespaces.exclusiveOwner(userId) !== undefined) {
    throw new MatrixError('M_EXCLUSIVE', `${userId} is reserved for an application service`);
  }
  if ((await findAccount(parts.db, userId)) !== undefined) throw userInUse(userId);
  return userId;
}

/**
 * Registers an account for a person.
 *
 * @param body  the whole body: its `auth` drives interactive auth, the rest is bound to the session
 * @throws MatrixError M_FORBIDDEN when registration is closed; see checkUsername and Passwords.hash
 */
export async function registerAccount(
  parts: RegisterParts,
  request: RegistrationRequest,
  body: JsonObject,
): Promise<RegistrationOutcome> {
  const flows = flowsOf(parts.registration.mode);
  const userId =
    request.username === undefined
      ? newUserId(generateLocalpart(parts.randomBytes), parts.serverName)
      : await checkUsername(parts, request.username);
  checkSession(request);
  const auth = await parts.interactiveAuth.authenticate({ operation: 'register', body, flows });
  if (auth.outcome === 'challenge') return auth;
  if (request.password === undefined) throw new MatrixError('M_MISSING_PARAM', 'the body lacks password');
  const passwordHash = await parts.passwords.hash(request.password);
  const { registrationToken } = auth;
  const account = await makeAccount(parts, { userId, passwordHash, request, ...optionalToken(registrationToken) });
  return { outcome: 'registered', account };
}

/**
 * Registers a user of an application service: no password, no interactive auth.
 *
 * @throws MatrixError M_APPSERVICE_LOGIN_UNSUPPORTED, M_EXCLUSIVE outside its namespace, M_INVALID_USERNAME, M_USER_IN_USE
 */
export async function registerForAppservice(
  parts: RegisterParts,
  requester: Requester,
  request: RegistrationRequest,
): Promise<RegisteredAccount> {
  const { appserviceId } = requester;
  if (appserviceId === undefined) {
    throw new MatrixError(
      'M_UNKNOWN_TOKEN',
      'm.login.application_service needs the as_token of an application service',
    );
  }
  if (!request.inhibitLogin) assertLogsIn(parts, appserviceId, 'say inhibit_login: true');
  if (request.username === undefined) throw new MatrixError('M_MISSING_PARAM', 'the body lacks username');
  const userId = newUserId(request.username, parts.serverName);
  const owner = parts.namespaces.exclusiveOwner(userId, appserviceId);
  if (!parts.namespaces.covers(appserviceId, userId) || (owner !== undefined && owner !== appserviceId)) {
    throw new MatrixError('M_EXCLUSIVE', `${userId} is not in a namespace of this application service`);
  }
  checkSession(request);
  const remember = parts.masquerading.registering();
  const account = await makeAccount(parts, { userId, passwordHash: null, request, appserviceId });
  remember([userId]);
  return account;
}

/**
 * Refuses a session for a user of an application service that makes its devices itself.
 *
 * @param remedy  what to do instead
 * @throws MatrixError M_APPSERVICE_LOGIN_UNSUPPORTED
 */
export function assertLogsIn(
  { namespaces }: Pick<RegisterParts, 'namespaces'>,
  appserviceId: string,
  remedy: string,
): void {
  if (namespaces.managesDevices(appserviceId))
    throw new MatrixError(
      'M_APPSERVICE_LOGIN_UNSUPPORTED',
      `your registration says that you make devices yourself: ${remedy}`,
    );
}

/**
 * Registers by the shared secret, whatever the registration mode.
 *
 * @throws MatrixError M_UNKNOWN (400) when no secret is configured or the nonce is not ours, M_FORBIDDEN for a wrong HMAC
 */
export async function registerWithSharedSecret(
  parts: RegisterParts,
  request: SharedSecretRequest,
): Promise<RegisteredAccount> {
  const { sharedSecret } = parts.registration;
  if (sharedSecret === undefined) {
    throw new MatrixError('M_UNKNOWN', 'no accounts.registration.shared_secret is configured', { status: 400 });
  }
  if (!parts.nonces.spend(request.nonce)) {
    throw new MatrixError('M_UNKNOWN', 'the nonce is unknown or has expired: get another', { status: 400 });
  }
  if (!isMacRight(request, sharedSecret)) throw new MatrixError('M_FORBIDDEN', 'the HMAC is wrong');
  const userId = await checkUsername(parts, request.username);
  const passwordHash = await parts.passwords.hash(request.password);
  return makeAccount(parts, {
    userId,
    passwordHash,
    admin: request.admin,
    request: { inhibitLogin: false, refreshable: false },
  });
}

/** Makes an account with a password and no session, if there is none by that name; answers its user id. For the quick start. */
export async function ensureAccount(
  parts: RegisterParts,
  account: { localpart: string; password: string; admin: boolean },
): Promise<{ userId: string; created: boolean }> {
  const userId = newUserId(account.localpart, parts.serverName);
  if ((await findAccount(parts.db, userId)) !== undefined) return { userId, created: false };
  const passwordHash = await parts.passwords.hash(account.password);
  await makeAccount(parts, {
    userId,
    passwordHash,
    admin: account.admin,
    request: { inhibitLogin: true, refreshable: false },
  });
  return { userId, created: true };
}

function flowsOf(mode: 'closed' | 'token' | 'open'): readonly (readonly AuthStage[])[] {
  if (mode === 'open') return [['m.login.dummy']];
  if (mode === 'token') return [['m.login.registration_token']];
  throw new MatrixError('M_FORBIDDEN', 'registration is closed: ask the administrator for an account');
}

function checkSession(request: RegistrationRequest): void {
  if (request.deviceId !== undefined) checkDeviceId(request.deviceId);
  if (request.displayName !== undefined) checkDisplayName(request.displayName);
}

function optionalToken(registrationToken: string | undefined): { registrationToken?: string } {
  return registrationToken === undefined ? {} : { registrationToken };
}

async function makeAccount(
  parts: RegisterParts,
  account: {
    userId: string;
    passwordHash: string | null;
    request: RegistrationRequest;
    admin?: boolean;
    appserviceId?: string;
    registrationToken?: string;
  },
): Promise<RegisteredAccount> {
  const { userId, passwordHash, request, admin, appserviceId, registrationToken } = account;
  const row = {
    userId,
    passwordHash,
    createdTs: parts.now(),
    ...(admin === undefined ? {} : { admin }),
    ...(appserviceId === undefined ? {} : { appserviceId }),
  };
  // An application service registers thousands: one statement, no transaction around it.
  if (request.inhibitLogin && registrationToken === undefined) {
    await createAccount(parts.db, row);
    return { userId };
  }
  const deviceId = request.deviceId ?? generateDeviceId(parts.randomBytes);
  const session: SessionRequest = {
    userId,
    deviceId,
    displayName: request.displayName ?? null,
    refreshable: request.refreshable,
  };
  return parts.db.transaction(async (tx) => {
    await createAccount(tx, row);
    if (registrationToken !== undefined) await spendRegistrationToken(tx, registrationToken, parts.now());
    if (request.inhibitLogin) return { userId };
    const { tokens } = await openSession(tx, parts, session);
    return { userId, session: { deviceId, ...tokens } };
  });
}
