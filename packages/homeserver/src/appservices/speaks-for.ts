// Whether an application service may speak for a user: one of its namespaces, or a person who let it (consents.ts). For requests that
// act for many users at once, where masquerade.ts decides about the one who asks.
import type { Queryable } from '../storage/database.ts';
import { asksToActAs, consentedDevice } from './consents.ts';
import type { AppserviceRegistry } from './registry.ts';

/** Whether that application service may act as that user. */
export async function speaksFor(
  { db, registry }: { readonly db: Queryable; readonly registry: AppserviceRegistry },
  appserviceId: string,
  userId: string,
): Promise<boolean> {
  const appservice = registry.byId(appserviceId);
  if (appservice === undefined || userId.includes('\0')) return false;
  if (appservice.namespaces.user(userId) !== 'outside') return true;
  return (
    asksToActAs(appservice, userId, registry.serverName) &&
    (await consentedDevice(db, userId, appserviceId)) !== undefined
  );
}
