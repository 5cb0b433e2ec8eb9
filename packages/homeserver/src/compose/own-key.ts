// The server's signing key from its file, made at the first start. Losing it means that other servers must learn a new one.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ed25519KeyBytes, formatSigningKey, makeSigningKey, parseSigningKey, type SigningKey } from '@pons/spec/crypto';
import { OperatorError } from '../platform/operator-error.ts';
import type { Random } from '../platform/random.ts';

/** Only the server itself reads it. */
const SECRET_MODE = 0o600;
/** Letters of a new key's name, as other servers have them. */
const NAME_CHARS = 6;

/** @throws OperatorError when the file is there and holds no key, or cannot be read or made */
export function ownSigningKey(file: string, random: Random): SigningKey {
  const text = signingKeyText(file);
  if (text === undefined) return make(file, random);
  const key = parseSigningKey(text);
  if (key === undefined)
    throw new OperatorError([`signing_key_file: ${file} does not begin with an ed25519 signing key`]);
  return key;
}

/** What the file says; undefined when there is none. @throws OperatorError when it cannot be read */
export function signingKeyText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new OperatorError([`signing_key_file: ${file} cannot be read: ${String(error)}`], { cause: error });
  }
}

function make(file: string, random: Random): SigningKey {
  const key = makeSigningKey(`a_${random.id(NAME_CHARS)}`, random.bytes(ed25519KeyBytes));
  if (key === undefined) throw new TypeError('random bytes of the right length make a key');
  try {
    write(file, formatSigningKey(key));
  } catch (error) {
    const existing =
      error instanceof Error && 'code' in error && error.code === 'EEXIST' ? signingKeyText(file) : undefined;
    const theirs = existing === undefined ? undefined : parseSigningKey(existing);
    if (theirs !== undefined) return theirs;
    throw new OperatorError([`signing_key_file: ${file} cannot be made: ${String(error)}`], { cause: error });
  }
  return key;
}

/** Puts a key where there is none. @throws OperatorError */
export function putSigningKey(file: string, text: string): void {
  try {
    write(file, text);
  } catch (error) {
    throw new OperatorError([`signing_key_file: ${file} cannot be made: ${String(error)}`], { cause: error });
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Two processes of one server may start together: the first one's key stays.
  writeFileSync(file, text, { mode: SECRET_MODE, flag: 'wx' });
}
