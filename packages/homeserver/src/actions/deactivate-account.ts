// Ending an account for good: it leaves its rooms, its sessions and keys die, its password and, when asked to erase, its profile go, and
// what it sent is kept from those who come later. The user id is never given out again. The account ends first: whatever fails after that,
// nobody can log in any more.
// https://spec.matrix.org/v1.19/client-server-api/#account-deactivation

import { type JsonObject, MatrixError } from '@pons/spec';
import { type DevicesParts, removeAllDevices } from '../accounts/devices.ts';
import type { InteractiveAuth } from '../accounts/interactive-auth.ts';
import { eraseProfile } from '../accounts/profiles.ts';
import { endAccount, eraseAccount } from '../accounts/users.ts';
import { forgetKeys } from '../e2ee/forget-keys.ts';
import type { Requester } from '../platform/requester.ts';

/** What the end of an account needs of the house. */
export interface EndUserParts extends DevicesParts {
  /** Leaves every room that the user has joined, and refuses every invitation. */
  readonly leaveAllRooms: (userId: string) => Promise<void>;
}

/** What deactivation needs of the house. */
export interface DeactivateParts extends EndUserParts {
  readonly interactiveAuth: InteractiveAuth;
  /** The user that an application service is itself. */
  readonly senderOf: (appserviceId: string) => string | undefined;
}

/**
 * Ends the requester's account; answers the body of a 401 where authentication comes first.
 *
 * @throws MatrixError M_FORBIDDEN for an application service that would end itself: no call of it could be answered any more
 */
export async function deactivateAccount(
  parts: DeactivateParts,
  requester: Requester,
  request: { readonly body: JsonObject; readonly erase: boolean },
): Promise<JsonObject | undefined> {
  const { userId } = requester;
  if (requester.appserviceId === undefined) {
    const { body } = request;
    const flows = [['m.login.password']] as const;
    const auth = await parts.interactiveAuth.authenticate({ operation: 'deactivateAccount', userId, body, flows });
    if (auth.outcome === 'challenge') return auth.body;
  } else if (userId === parts.senderOf(requester.appserviceId)) {
    throw new MatrixError(
      'M_FORBIDDEN',
      `${userId} is the application service itself: name one of its users by user_id, or remove its registration to end it.`,
    );
  }
  await endUser(parts, userId, request);
  return undefined;
}

/** Ends an account, whoever asked for it; to end one that has ended does what was left undone. */
export async function endUser(
  parts: EndUserParts,
  userId: string,
  { erase }: { readonly erase: boolean },
): Promise<void> {
  await parts.db.transaction(async (tx) => {
    await endAccount(tx, userId, parts.now());
    if (erase) {
      await eraseProfile(tx, userId);
      await eraseAccount(tx, userId);
    }
    await parts.accessTokens.userChanged(tx, userId);
  });
  parts.accessTokens.forget('user', userId);
  await forgetKeys(parts.db, userId);
  await removeAllDevices(parts, userId);
  await parts.leaveAllRooms(userId);
  // Again, for what came last: a request that was under way, and the leaving itself, which tells what the user was called.
  if (erase) await eraseAccount(parts.db, userId);
}
