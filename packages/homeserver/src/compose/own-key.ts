// The server's signing key from its file. It is made where there has been no server yet, and nowhere else: who loses it is another server to
// everybody else, so a start that misses it says so, and a new one is made only by who asks for it (`pons config new-key`).

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ed25519KeyBytes, formatSigningKey, makeSigningKey, parseSigningKey, type SigningKey } from '@pons/spec/crypto';
import { OperatorError } from '../platform/operator-error.ts';
import { type Random, systemRandom } from '../platform/random.ts';

/** Only the server itself reads it. */
const SECRET_MODE = 0o600;
/** Letters of a new key's name, as other servers have them. */
const NAME_CHARS = 6;

/** The key in the file; undefined when there is no file. @throws OperatorError when it cannot be read or holds none */
export function readSigningKey(file: string): SigningKey | undefined {
  const text = signingKeyText(file);
  if (text === undefined) return undefined;
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

/**
 * A key for a server that has none, in its file.
 *
 * @param isUsed  whether the database has been a server's already
 * @throws OperatorError when it has, or when the file cannot be made
 */
export async function firstSigningKey(
  file: string,
  { random, isUsed }: { readonly random: Random; readonly isUsed: () => Promise<boolean> },
): Promise<SigningKey> {
  if (!(await isUsed())) return readSigningKey(file) ?? make(file, random);
  // Two processes of one server may start together: the other one put its key there before it used the database.
  const theirs = readSigningKey(file);
  if (theirs !== undefined) return theirs;
  throw new OperatorError([
    `signing_key_file: ${file} is not there, and the database is that of a server that has a key: put its key there (it may be in the data folder of before, in a dump for \`pons db restore\`, or where another process of this server has it); if it is lost, \`pons config new-key ${file}\` makes a new one, and everybody else will take this for another server`,
  ]);
}

/** Makes a key where there is none, because somebody wants it so; its name, such as `ed25519:a_Xy12ab`. @throws OperatorError */
export function newSigningKey(file: string, random: Random = systemRandom): string {
  if (signingKeyText(file) !== undefined)
    throw new OperatorError([`${file} is there already: move it away first, and keep it`]);
  return make(file, random).keyId;
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

/** Puts a key where there is none; gives the way to take it back. @throws OperatorError */
export function putSigningKey(file: string, text: string): () => void {
  try {
    write(file, text);
  } catch (error) {
    throw new OperatorError([`signing_key_file: ${file} cannot be made: ${String(error)}`], { cause: error });
  }
  return () => rmSync(file, { force: true });
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Two processes of one server may start together: the first one's key stays.
  writeFileSync(file, text, { mode: SECRET_MODE, flag: 'wx' });
}
