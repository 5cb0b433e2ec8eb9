// Key identifiers: algorithm and name of a key, such as `ed25519:a_RXGa` or `signed_curve25519:AAAAHQ`.
// https://spec.matrix.org/v1.19/appendices/#signing-details

import { isIdText } from './id-length.ts';

/** `algorithm:name` */
export type KeyId = string;

/** The parts of a key identifier. */
export interface ParsedKeyId {
  readonly algorithm: string;
  readonly name: string;
}

/** Parts of a key identifier, or undefined for what is none. */
export function parseKeyId(id: string): ParsedKeyId | undefined {
  const colon = id.indexOf(':');
  if (colon < 1 || colon === id.length - 1 || !isIdText(id)) return undefined;
  return { algorithm: id.slice(0, colon), name: id.slice(colon + 1) };
}
