// The registration that the homeserver has too, from its file: the same reader on both sides, so both understand the same.

import { readFileSync } from 'node:fs';
import { type Registration, formatComplaint, loadRegistration } from '@pons/registration';
import { OperatorError } from '../operator-error.ts';

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file: copy the one that the homeserver has, or make one with pons registration generate',
  EACCES: 'may not be read by this user: change its owner or mode',
  EISDIR: 'is a folder: name the file',
};

/**
 * Reads a registration.yaml.
 *
 * @throws {OperatorError} naming each mistake with file and line
 */
export function readRegistration(path: string): Registration {
  const loaded = loadRegistration(readText(path), { file: path });
  if (loaded.outcome === 'refused') throw new OperatorError(loaded.complaints.map(formatComplaint));
  return loaded.registration;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new OperatorError([`${path}: ${reasons[code ?? ''] ?? `cannot be read: ${message}`}`], error);
  }
}
