// Turns an as_token (or what was narrowed from it) and a claim (user_id, device_id) into the Requester that a request acts as. Runs on
// every call of a bridge, so what it asks the database for is remembered: that a user exists is true until the account is deactivated, and
// then it is forgotten, here and in every other process. That somebody consented is believed for a second.
// https://spec.matrix.org/v1.19/application-service-api/#identity-assertion

import { MatrixError } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import type { Requester } from '../platform/requester.ts';
import { type Restriction, restrictionOf, unrestricted } from '../platform/restricted-account.ts';
import type { Queryable } from '../storage/database.ts';
import { findDevice } from '../storage/tables/devices.ts';
import { findUser } from '../storage/tables/users.ts';
import { asksToActAs, consentedDevice } from './consents.ts';
import { kindOfCall } from './kind-of-call.ts';
import { type Call, checkNarrowing, defaultUser, type Narrowing } from './narrowed-token.ts';
import type { Appservice } from './registry.ts';

/** Whom an application service wants to act as. */
export interface Masquerade {
  readonly appservice: Appservice;
  /** Its sender when absent. */
  readonly userId?: string;
  readonly deviceId?: string;
  /** What it wants to do; without it, nothing that depends on that is allowed. */
  readonly call?: Call;
  /** Of a narrowed token. */
  readonly narrowing?: Narrowing;
}

/** Decides who a request of an application service acts as. */
export interface Masquerading {
  /**
   * @returns at once (no promise) when everything is remembered: the path that every send of a bridge takes
   * @throws MatrixError M_FORBIDDEN outside the namespaces, for a user that is not registered, or for what a narrowed token is not good
   *         for; M_UNKNOWN_DEVICE for a device that is not that user's; M_USER_DEACTIVATED
   */
  actAs(masquerade: Masquerade): Requester | Promise<Requester>;
  /**
   * Called before users of an application service are registered or looked up: what it returns remembers those that are there and may do
   * everything, unless something changed meanwhile. A bridge registers a ghost to speak as it next.
   */
  registering(): (userIds: Iterable<string>) => void;
  /** The account changed: look it up again. Told by accounts/access-tokens.ts, of changes here and in other processes. */
  forgetUser(userId: string): void;
}

export interface MasqueradingOptions {
  /** False while what other processes changed cannot be heard: then nothing remembered is believed. */
  readonly isCurrent?: () => boolean;
  readonly monotonicMs?: () => number;
}

/** Users known to be there: about 3 MB. */
const usersRememberedMax = 20_000;
/** A consent that was taken back, by a device deleted anywhere, ends within this. */
const consentRememberedMs = 1_000;

interface RememberedConsent {
  readonly appservice: Appservice;
  readonly deviceId: string;
}

/** Masquerading over the accounts of this database. */
export function createMasquerading(db: Queryable, options: MasqueradingOptions = {}): Masquerading {
  const { isCurrent = () => true, monotonicMs = () => 0 } = options;
  const active = new LRUCache<string, Restriction>(atMost(usersRememberedMax));
  const consents = new LRUCache<string, RememberedConsent>({
    ...atMost(usersRememberedMax),
    ttl: consentRememberedMs,
    perf: { now: monotonicMs },
  });
  /** Counts what was forgotten: an answer read before that is not kept. */
  let forgotten = 0;

  async function activeUser(userId: string): Promise<Restriction> {
    const before = forgotten;
    // PostgreSQL refuses U+0000, so such an id cannot be there.
    const user = userId.includes('\0') ? undefined : await findUser(db, userId);
    if (user === undefined)
      throw new MatrixError(
        'M_FORBIDDEN',
        `${userId.slice(0, 255)} is not registered: register it with the as_token first`,
      );
    if (user.deactivated_ts !== null) throw new MatrixError('M_USER_DEACTIVATED', `${userId} has been deactivated`);
    const { locked, suspended } = user;
    const restriction = locked || suspended ? { locked, suspended } : unrestricted;
    if (before === forgotten) active.set(userId, restriction);
    return restriction;
  }

  async function assertDevice(userId: string, deviceId: string): Promise<void> {
    if (deviceId.includes('\0') || (await findDevice(db, userId, deviceId)) === undefined)
      throw new MatrixError('M_UNKNOWN_DEVICE', `${userId} has no such device`);
  }

  async function lookUp(masquerade: Masquerade, userId: string): Promise<Requester> {
    const restriction = await activeUser(userId);
    if (masquerade.deviceId !== undefined) await assertDevice(userId, masquerade.deviceId);
    return requester(masquerade, { userId, restriction, deviceId: masquerade.deviceId });
  }

  async function lookUpPerson(masquerade: Masquerade, userId: string): Promise<Requester> {
    const { appservice } = masquerade;
    const { id } = appservice;
    const consented = await consentedDevice(db, userId, id);
    if (consented === undefined)
      throw new MatrixError('M_FORBIDDEN', `${userId} has not let this application service act for them`);
    const restriction = await activeUser(userId);
    consents.set(`${id} ${userId}`, { appservice, deviceId: consented });
    return person(masquerade, { userId, restriction, deviceId: consented });
  }

  function actAsPerson(masquerade: Masquerade, userId: string): Requester | Promise<Requester> {
    const { call, appservice } = masquerade;
    if (call === undefined || kindOfCall(call.endpoint, call.path) === 'account')
      throw new MatrixError(
        'M_FORBIDDEN',
        `only ${userId} may do that: an application service speaks for them, no more`,
      );
    const restriction = isCurrent() ? active.get(userId) : undefined;
    const known = restriction === undefined ? undefined : consents.get(`${appservice.id} ${userId}`);
    // One that was removed and is there again by the same id is another: nobody has consented to that.
    if (restriction === undefined || known?.appservice !== appservice) return lookUpPerson(masquerade, userId);
    return person(masquerade, { userId, restriction, deviceId: known.deviceId });
  }

  return {
    actAs(masquerade) {
      const { appservice, deviceId, narrowing, call } = masquerade;
      const userId = masquerade.userId ?? defaultUser(narrowing ?? {}, appservice.sender);
      if (narrowing !== undefined) checkNarrowing(narrowing, userId, call);
      if (appservice.namespaces.user(userId) === 'outside') {
        const serverName = appservice.sender.slice(appservice.sender.indexOf(':') + 1);
        if (asksToActAs(appservice, userId, serverName)) return actAsPerson(masquerade, userId);
        throw new MatrixError(
          'M_FORBIDDEN',
          `${userId.slice(0, 255)} is outside the namespaces of this application service`,
        );
      }
      const restriction = deviceId === undefined && isCurrent() ? active.get(userId) : undefined;
      return restriction === undefined ? lookUp(masquerade, userId) : requester(masquerade, { userId, restriction });
    },
    registering: () => {
      const before = forgotten;
      return (userIds) => {
        if (before === forgotten) for (const userId of userIds) active.set(userId, unrestricted);
      };
    },
    forgetUser: (userId) => {
      forgotten += 1;
      active.delete(userId);
    },
  };
}

// As the device that stands for the consent, and as no other of theirs.
function person(masquerade: Masquerade, user: ActedAs): Requester {
  if (masquerade.deviceId !== undefined && masquerade.deviceId !== user.deviceId)
    throw new MatrixError('M_UNKNOWN_DEVICE', `an application service acts as the device that ${user.userId} gave it`);
  return requester(masquerade, user);
}

interface ActedAs {
  readonly userId: string;
  readonly restriction: Restriction;
  readonly deviceId?: string | undefined;
}

function requester({ appservice, narrowing }: Masquerade, { userId, restriction, deviceId }: ActedAs): Requester {
  return {
    userId,
    ...(deviceId === undefined ? {} : { deviceId }),
    appserviceId: appservice.id,
    admin: false,
    guest: false,
    // The sender is never limited, whatever the registration says of the ghosts.
    rateLimited: appservice.registration.rateLimited && userId !== appservice.sender,
    ...(narrowing === undefined ? {} : { narrowed: true }),
    ...(narrowing === undefined && userId === appservice.sender && appservice.registration.pons.botReadsAll
      ? { readsRoomsOf: appservice.id }
      : {}),
    ...(restriction === unrestricted ? undefined : restrictionOf(restriction)),
  };
}
