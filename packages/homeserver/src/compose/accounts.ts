// Accounts: passwords, sessions, interactive auth, and what their endpoints are made of.

import { AccessTokens, type AccessTokensParts } from '../accounts/access-tokens.ts';
import { ActiveUsers } from '../accounts/active-users.ts';
import { InteractiveAuth } from '../accounts/interactive-auth.ts';
import { LastSeen } from '../accounts/last-seen.ts';
import { Passwords } from '../accounts/passwords.ts';
import { RegistrationNonces } from '../accounts/registration-nonces.ts';
import { isRegistrationTokenValid } from '../accounts/registration-tokens.ts';
import { verifyPassword } from '../actions/log-in.ts';
import type { UserNamespaces } from '../actions/register-account.ts';
import type { AccountRouteParts } from '../client-api/routes.ts';
import type { Config } from '../platform/config/schema.ts';
import type { Door } from '../storage/commit.ts';
import type { Database } from '../storage/database.ts';
import { observeActiveUsers } from './active-metrics.ts';
import type { Ground } from './ground.ts';

/** What accounts stand on. */
export interface AccountsOptions {
  readonly db: Database;
  readonly door: Door;
  readonly invalidations: AccessTokensParts['invalidations'];
  readonly userForgotten: NonNullable<AccessTokensParts['userForgotten']>;
  readonly namespaces: UserNamespaces;
  readonly masquerading: AccountRouteParts['masquerading'];
  /** See GetProfileParts, SetProfileParts and DeactivateParts. */
  readonly askAppservices: AccountRouteParts['askAppservices'];
  readonly updateMemberships: AccountRouteParts['updateMemberships'];
  readonly leaveAllRooms: AccountRouteParts['leaveAllRooms'];
  readonly senderOf: AccountRouteParts['senderOf'];
}

/** The accounts of this process. */
export interface Accounts {
  readonly accessTokens: AccessTokens;
  readonly nonces: RegistrationNonces;
  readonly lastSeen: LastSeen;
  readonly activeUsers: ActiveUsers;
  readonly routeParts: AccountRouteParts;
}

/** Puts them together. */
export function composeAccounts(config: Config, ground: Ground, options: AccountsOptions): Accounts {
  const { db } = options;
  const { serverName } = config;
  const { mode, sharedSecret } = config.accounts.registration;
  const now = () => ground.clock.now();
  const randomBytes = (size: number) => ground.random.bytes(size);
  const passwords = new Passwords(config.accounts.passwordCost, randomBytes);
  const nonces = new RegistrationNonces(now, randomBytes);
  const admins = new Set(config.admin.users);
  const isAdmin = (userId: string) => admins.has(userId);
  const accessTokens = new AccessTokens({
    db,
    now,
    randomBytes,
    invalidations: options.invalidations,
    userForgotten: options.userForgotten,
    isAdmin,
  });
  const interactiveAuth = new InteractiveAuth({
    now,
    randomBytes,
    serverName,
    verifyPassword: (userId, password) => verifyPassword({ db, passwords }, userId, password),
    isRegistrationTokenValid: (token) => isRegistrationTokenValid(db, token, now()),
  });
  const registration = { mode, ...(sharedSecret === null ? {} : { sharedSecret }) };
  const routeParts = {
    ...options,
    now,
    randomBytes,
    serverName,
    passwords,
    nonces,
    accessTokens,
    interactiveAuth,
    registration,
    isAdmin,
  };
  const monotonicMs = () => ground.clock.monotonicMs();
  const activeUsers = new ActiveUsers({ db, now, monotonicMs, limit: config.limits.monthlyActiveUsers });
  observeActiveUsers(ground, activeUsers);
  return { accessTokens, nonces, lastSeen: new LastSeen(db, now), activeUsers, routeParts };
}
