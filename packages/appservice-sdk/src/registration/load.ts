// The registration that the homeserver has too, from its file: the same reader on both sides, so both understand the same.

import { readFileSync } from 'node:fs';
import { type Registration, formatComplaint, loadRegistration } from '@pons/registration';

/**
 * Reads a registration.yaml.
 *
 * @throws {TypeError} naming each mistake with file and line
 */
export function readRegistration(path: string): Registration {
  const loaded = loadRegistration(readFileSync(path, 'utf8'), { file: path });
  if (loaded.outcome === 'refused') throw new TypeError(loaded.complaints.map(formatComplaint).join('\n'));
  return loaded.registration;
}
