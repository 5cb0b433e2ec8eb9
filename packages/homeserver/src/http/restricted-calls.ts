// What an account can still call that an administrator has locked or suspended; http/authenticate-client.ts asks for those, whoever acts
// as them. The specification leaves to servers what suspension closes: here what it recommends to close, and what speaks to others in the
// same way. Where the content decides (sending, state, redactions: one's own may be taken back, rooms may be left) the verb does.
// https://spec.matrix.org/v1.19/client-server-api/#account-suspension
import type { Requester } from '../platform/requester.ts';
import { accountLocked, accountSuspended } from '../platform/restricted-account.ts';

/** Operations that are open to a locked account. */
const openWhileLocked: ReadonlySet<string> = new Set(['logout', 'logout_all']);

/** Operations that are closed to a suspended account. */
export const closedWhileSuspended: ReadonlySet<string> = new Set([
  'joinRoom',
  'joinRoomById',
  'knockRoom',
  'inviteUser',
  'kick',
  'ban',
  'unban',
  'createRoom',
  'upgradeRoom',
  'setRoomAlias',
  'deleteRoomAlias',
  'setRoomVisibilityOnDirectory',
  'setProfileField',
  'deleteProfileField',
  'createContent',
  'uploadContent',
  'uploadContentToMXC',
  // Of application services, and whatever else comes under names of our own or of proposals.
  'updateAppserviceRoomDirectoryVisibility',
  'batchSend',
  'bulkGhosts',
  'deleteOwnRoom',
  'sendEphemeralEvent',
]);

/**
 * Refuses what is closed.
 *
 * @param operation  of the endpoint
 * @throws MatrixError M_USER_LOCKED, M_USER_SUSPENDED
 */
export function assertOpenTo({ locked, suspended }: Pick<Requester, 'locked' | 'suspended'>, operation: string): void {
  if (locked === true && !openWhileLocked.has(operation)) throw accountLocked();
  if (suspended === true && closedWhileSuspended.has(operation)) throw accountSuspended();
}
