// Turns an as_token and a claim (user_id, device_id) into the Requester that a request acts as. Runs on every call of a bridge, so what
// it asks the database for is remembered: that a user exists is true until the account is deactivated, and then it is forgotten.
// https://spec.matrix.org/v1.19/application-service-api/#identity-assertion

import { MatrixError } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import type { Requester } from '../platform/requester.ts';
import type { Queryable } from '../storage/database.ts';
import { findDevice } from '../storage/tables/devices.ts';
import { findUser } from '../storage/tables/users.ts';
import type { Appservice } from './registry.ts';

/** Whom an application service wants to act as. */
export interface Masquerade {
  readonly appservice: Appservice;
  /** Its sender when absent. */
  readonly userId?: string;
  readonly deviceId?: string;
}

/** Decides who a request of an application service acts as. */
export interface Masquerading {
  /**
   * @returns at once (no promise) when everything is remembered: the path that every send of a bridge takes
   * @throws MatrixError M_FORBIDDEN outside the namespaces or for a user that is not registered; M_UNKNOWN_DEVICE for a device that
   *         is not that user's; M_USER_DEACTIVATED
   */
  actAs(masquerade: Masquerade): Requester | Promise<Requester>;
  /** The account changed: look it up again. Told by stream/invalidate.ts. */
  forgetUser(userId: string): void;
}

/** Users known to be there: about 3 MB. */
const usersRememberedMax = 20_000;

/** Masquerading over the accounts of this database. */
export function createMasquerading(db: Queryable): Masquerading {
  const active = new LRUCache<string, true>({ max: usersRememberedMax });

  async function assertActive(userId: string): Promise<void> {
    // PostgreSQL refuses U+0000, so such an id cannot be there.
    const user = userId.includes('\0') ? undefined : await findUser(db, userId);
    if (user === undefined)
      throw new MatrixError(
        'M_FORBIDDEN',
        `${userId.slice(0, 255)} is not registered: register it with the as_token first`,
      );
    if (user.deactivated_ts !== null) throw new MatrixError('M_USER_DEACTIVATED', `${userId} has been deactivated`);
    active.set(userId, true);
  }

  async function assertDevice(userId: string, deviceId: string): Promise<void> {
    if (deviceId.includes('\0') || (await findDevice(db, userId, deviceId)) === undefined)
      throw new MatrixError('M_UNKNOWN_DEVICE', `${userId} has no such device`);
  }

  async function lookUp(appservice: Appservice, userId: string, deviceId?: string): Promise<Requester> {
    await assertActive(userId);
    if (deviceId !== undefined) await assertDevice(userId, deviceId);
    return requester(appservice, userId, deviceId);
  }

  return {
    actAs({ appservice, userId = appservice.sender, deviceId }) {
      if (appservice.namespaces.user(userId) === 'outside')
        throw new MatrixError(
          'M_FORBIDDEN',
          `${userId.slice(0, 255)} is outside the namespaces of this application service`,
        );
      if (deviceId !== undefined || active.get(userId) === undefined) return lookUp(appservice, userId, deviceId);
      return requester(appservice, userId);
    },
    forgetUser: (userId) => {
      active.delete(userId);
    },
  };
}

function requester(appservice: Appservice, userId: string, deviceId?: string): Requester {
  return {
    userId,
    ...(deviceId === undefined ? {} : { deviceId }),
    appserviceId: appservice.id,
    admin: false,
    guest: false,
    // The sender is never limited, whatever the registration says of the ghosts.
    rateLimited: appservice.registration.rateLimited && userId !== appservice.sender,
  };
}
