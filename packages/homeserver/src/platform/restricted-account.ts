// What administrators can take from an account without ending it, and how its owner is told. It stands on the lowest floor because
// sessions (accounts), masquerading (appservices) and every verb speak of it. What remains open is decided in http/restricted-calls.ts,
// and by the three verbs whose content decides: sending, setting state, redacting.
// https://spec.matrix.org/v1.19/client-server-api/#account-moderation
import { MatrixError } from '@pons/spec';
import type { Requester } from './requester.ts';

/** What is taken from an account. */
export interface Restriction {
  /** May do nothing but log out. */
  readonly locked: boolean;
  /** Reads, leaves and takes back, and says nothing. */
  readonly suspended: boolean;
}

/** Of nearly everybody. */
export const unrestricted: Restriction = { locked: false, suspended: false };

/** What a requester says of it: nothing for nearly everybody. */
export function restrictionOf({ locked, suspended }: Restriction): Pick<Requester, 'locked' | 'suspended'> | undefined {
  if (!locked && !suspended) return undefined;
  return { ...(locked ? { locked } : {}), ...(suspended ? { suspended } : {}) };
}

/** The refusal for a locked account. Its sessions stay, and work again once it is unlocked. */
export function accountLocked(): MatrixError {
  return new MatrixError('M_USER_LOCKED', 'an administrator has locked this account', {
    fields: { soft_logout: true },
  });
}

/** The refusal for what a suspended account may not do. */
export function accountSuspended(): MatrixError {
  return new MatrixError('M_USER_SUSPENDED', 'an administrator has suspended this account: it cannot do that');
}

/** The refusal for a user that somebody else acts for, among others; undefined: there is none. */
export function refusalFor(userId: string, { locked, suspended }: Restriction): MatrixError | undefined {
  // Not 401: it is not the caller whose session is in question.
  if (locked) return new MatrixError('M_USER_LOCKED', `${userId} is locked by an administrator`, { status: 403 });
  return suspended ? new MatrixError('M_USER_SUSPENDED', `${userId} is suspended by an administrator`) : undefined;
}
