// Where registrations are, as the configuration says.

import type { RegistrationPlaces } from '../appservices/read-registrations.ts';
import type { Config } from '../platform/config/schema.ts';

/** `appservices.files` and `appservices.folder`. */
export function registrationPlaces({ appservices: { files, folder } }: Config): RegistrationPlaces {
  return { files, ...(folder === null ? {} : { folder }) };
}
