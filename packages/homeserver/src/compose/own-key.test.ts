// When a server may have a new signing key: at its first start, or because somebody asks for it.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { OperatorError } from '../platform/operator-error.ts';
import { systemRandom as random } from '../platform/random.ts';
import { firstSigningKey, newSigningKey, putSigningKey, readSigningKey } from './own-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'pons-key-'));
afterAll(() => rmSync(folder, { recursive: true }));
const used = { random, isUsed: () => Promise.resolve(true) };
const unused = { random, isUsed: () => Promise.resolve(false) };

test('a first start makes a key, which is the server’s from then on', async () => {
  const file = join(folder, 'first/signing.key');
  const made = await firstSigningKey(file, unused);
  expect(readSigningKey(file)?.publicKey).toBe(made.publicKey);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a used database without the key is refused, with the place and the remedy, and nothing is made', async () => {
  const file = join(folder, 'lost/signing.key');
  await expect(firstSigningKey(file, used)).rejects.toThrow(
    new RegExp(`^signing_key_file: ${file} is not there, .* put its key there .*\`pons config new-key ${file}\``),
  );
  await expect(firstSigningKey(file, used)).rejects.toThrow(OperatorError);
  expect(readSigningKey(file)).toBeUndefined();
  expect(newSigningKey(file)).toBe(readSigningKey(file)?.keyId);
  expect(() => newSigningKey(file)).toThrow(`${file} is there already`);
});

test('two processes that start together at first have one key, whichever is faster', async () => {
  const file = join(folder, 'together/signing.key');
  const [one, other] = await Promise.all([firstSigningKey(file, unused), firstSigningKey(file, unused)]);
  expect(other.publicKey).toBe(one.publicKey);
  // The slower one looked for the key before the faster one made it, and at the database after that one had used it.
  const late = join(folder, 'late/signing.key');
  const isUsed = async () => (await firstSigningKey(late, unused)) !== undefined;
  expect((await firstSigningKey(late, { random, isUsed })).publicKey).toBe(readSigningKey(late)?.publicKey);
});

test('a key that was put there can be taken back, and what stands in its way is said', () => {
  const file = join(folder, 'put.key');
  putSigningKey(file, 'ed25519 a_x y\n')();
  expect(readSigningKey(file)).toBeUndefined();
  putSigningKey(file, 'ed25519 a_x y\n');
  expect(() => putSigningKey(file, 'ed25519 a_z y\n')).toThrow(/^signing_key_file: \S+ cannot be made: .*EEXIST/);
  expect(readFileSync(file, 'utf8')).toBe('ed25519 a_x y\n');
  expect(() => readSigningKey(file)).toThrow('does not begin with an ed25519 signing key');
  writeFileSync(join(folder, 'no-folder'), '');
  expect(() => putSigningKey(join(folder, 'no-folder/signing.key'), 'x')).toThrow(OperatorError);
  mkdirSync(join(folder, 'a-folder'));
  expect(() => readSigningKey(join(folder, 'a-folder'))).toThrow('cannot be read');
});
