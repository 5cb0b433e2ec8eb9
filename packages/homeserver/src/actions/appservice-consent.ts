// A person lets an application service speak for them, or takes that back. The consent is a device among the person's others, by the name
// of the application service: visible in every client, and gone when it is deleted there.

import { MatrixError } from '@pons/spec';
import { createOrUpdateDevice, type DevicesParts, generateDeviceId, removeDevices } from '../accounts/devices.ts';
import {
  asksToActAs,
  type Consent,
  consentedDevice,
  firstConsentsTo,
  listConsents,
  noteConsent,
} from '../appservices/consents.ts';
import type { AppserviceRegistry } from '../appservices/registry.ts';
import type { Requester } from '../platform/requester.ts';

/** What consents need of the house. */
export interface ConsentParts extends DevicesParts {
  readonly registry: AppserviceRegistry;
  readonly randomBytes: (size: number) => Buffer;
}

/** Consents that are ended together. */
const consentsPerPage = 100;
/** Characters of an application service's id in the name of the device. */
const nameMax = 60;

/** Every application service that asks the requester, and what they said. */
export function consents(parts: ConsentParts, requester: Requester): Promise<Consent[]> {
  return listConsents(parts.db, parts.registry, requester.userId);
}

/**
 * Lets an application service act as the requester; answers the device that stands for it.
 *
 * @throws MatrixError M_FORBIDDEN for an application service that asks for another, M_NOT_FOUND for one that does not ask
 */
export async function grantConsent(parts: ConsentParts, requester: Requester, appserviceId: string): Promise<string> {
  const { userId } = requester;
  assertPerson(requester);
  const appservice = parts.registry.byId(appserviceId);
  if (appservice === undefined || !asksToActAs(appservice, userId, parts.registry.serverName))
    throw new MatrixError('M_NOT_FOUND', 'No application service by that id asks to act for you.');
  const known = await consentedDevice(parts.db, userId, appserviceId);
  if (known !== undefined) return known;
  const deviceId = generateDeviceId(parts.randomBytes);
  await createOrUpdateDevice(parts, userId, deviceId, `${appserviceId.slice(0, nameMax)} (acts for you)`);
  if (await noteConsent(parts.db, { userId, appserviceId, deviceId, grantedTs: parts.now() })) return deviceId;
  // Granted twice at once: one device is enough.
  await removeDevices(parts, userId, [deviceId]);
  return (await consentedDevice(parts.db, userId, appserviceId)) ?? deviceId;
}

/** Takes a consent back; one that was never given counts as taken back. */
export async function revokeConsent(parts: ConsentParts, requester: Requester, appserviceId: string): Promise<void> {
  assertPerson(requester);
  const deviceId = await consentedDevice(parts.db, requester.userId, appserviceId);
  if (deviceId !== undefined) await removeDevices(parts, requester.userId, [deviceId]);
}

/** Takes back every consent that was given to an application service: it is gone. */
export async function endConsentsTo(parts: DevicesParts, appserviceId: string): Promise<void> {
  for (;;) {
    const some = await firstConsentsTo(parts.db, appserviceId, consentsPerPage);
    for (const { userId, deviceId } of some) await removeDevices(parts, userId, [deviceId]);
    if (some.length < consentsPerPage) return;
  }
}

function assertPerson({ appserviceId }: Requester): void {
  if (appserviceId !== undefined)
    throw new MatrixError('M_FORBIDDEN', 'Only the person may let an application service act for them.');
}
