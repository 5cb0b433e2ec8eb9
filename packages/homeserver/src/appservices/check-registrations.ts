// What `pons config check` does with registrations: the same load as at start, without a database. Those that were added live are not
// seen, and nobody gets an account.

import type { Clock } from '../platform/clock.ts';
import { createRegistrationLoader, type LoadReport, type RegistrationLoaderParts } from './load-registrations.ts';
import type { RegistrationPlaces } from './read-registrations.ts';
import { createRegistry } from './registry.ts';

const nothing: RegistrationLoaderParts['db'] = {
  query: () => Promise.resolve([]),
  transaction: (work) => work(nothing),
};

/** Loads registration files as the server would, and reports. */
export function checkRegistrations(serverName: string, places: RegistrationPlaces, clock: Clock): Promise<LoadReport> {
  const registry = createRegistry(serverName);
  return createRegistrationLoader({ registry, places, db: nothing, clock, report: () => {} }).load();
}
