// Local users who let an application service act as them, where its registration asks for that (`pons: { double_puppet: … }`): a bridge
// then speaks in a person's own name what that person wrote elsewhere. Each consent is a device of the user; whoever deletes the device
// takes it back. masquerade.ts asks; actions/appservice-consent.ts grants and revokes.

import { compileRegex } from '@pons/registration';
import type { Queryable } from '../storage/database.ts';
import { consentsOf, consentsTo, findConsent, insertConsent } from '../storage/tables/appservice-consents.ts';
import type { Appservice, AppserviceRegistry } from './registry.ts';

/** What a user said to one application service that asks for consent. */
export interface Consent {
  readonly appserviceId: string;
  /** Absent: not granted. */
  readonly deviceId?: string;
  readonly grantedTs?: number;
}

const compiled = new WeakMap<Appservice, (userId: string) => boolean>();

/** Whether an application service asks to act as this user, if they consent. Its own users need no consent. */
export function asksToActAs(appservice: Appservice, userId: string, serverName: string): boolean {
  if (appservice.registration.pons.doublePuppet === false || !userId.endsWith(`:${serverName}`)) return false;
  if (appservice.namespaces.user(userId) !== 'outside') return false;
  let matches = compiled.get(appservice);
  if (matches === undefined) {
    const { doublePuppet } = appservice.registration.pons;
    matches = typeof doublePuppet === 'object' ? compileRegex(doublePuppet.users) : () => true;
    compiled.set(appservice, matches);
  }
  return matches(userId);
}

/** As which device an application service may act as a user; undefined without consent. */
export async function consentedDevice(
  db: Queryable,
  userId: string,
  appserviceId: string,
): Promise<string | undefined> {
  return (await findConsent(db, userId, appserviceId))?.deviceId;
}

/** Notes a consent; false when there is one already. */
export function noteConsent(
  db: Queryable,
  consent: { userId: string; appserviceId: string; deviceId: string; grantedTs: number },
): Promise<boolean> {
  return insertConsent(db, consent);
}

/** Every application service that asks this user, and what they said. */
export async function listConsents(db: Queryable, registry: AppserviceRegistry, userId: string): Promise<Consent[]> {
  const granted = new Map((await consentsOf(db, userId)).map((row) => [row.appserviceId, row]));
  const asking = registry.all().filter((appservice) => asksToActAs(appservice, userId, registry.serverName));
  return asking.map(({ id }) => {
    const row = granted.get(id);
    return row === undefined
      ? { appserviceId: id }
      : { appserviceId: id, deviceId: row.deviceId, grantedTs: row.grantedTs };
  });
}

/** Who lets an application service act for them, by which device: at most `limit`, the same ones until they are gone. */
export function firstConsentsTo(
  db: Queryable,
  appserviceId: string,
  limit: number,
): Promise<{ readonly userId: string; readonly deviceId: string }[]> {
  return consentsTo(db, appserviceId, limit);
}
