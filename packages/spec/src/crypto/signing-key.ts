// Signing keys: the server's own, in the file format that Synapse writes (`ed25519 a_RXGa <seed>`), and the public ones of others.
// tweetnacl derives the public key from the seed; node:crypto, two hundred times faster, does the work from then on.
// The seed is given from outside: this package knows no randomness.
// https://spec.matrix.org/v1.19/appendices/#signing-details

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import nacl from 'tweetnacl';
import { fromBase64, toBase64 } from './base64.ts';

/** A key that this server signs with. */
export interface SigningKey {
  /** `ed25519:a_RXGa` */
  readonly keyId: string;
  readonly privateKey: KeyObject;
  /** Unpadded base64, as published. */
  readonly publicKey: string;
}

/** Length of a seed and of a public key. */
export const ed25519KeyBytes = 32;

const line = /^ed25519[ \t]+([A-Za-z0-9_]+)[ \t]+([A-Za-z0-9+/_-]+=?)$/;

/** The key of that name (what follows `ed25519:`) made from 32 random bytes; undefined for another length or a malformed name. */
export function makeSigningKey(name: string, seed: Uint8Array): SigningKey | undefined {
  if (seed.length !== ed25519KeyBytes || !/^[A-Za-z0-9_]+$/.test(name)) return undefined;
  const { publicKey } = nacl.sign.keyPair.fromSeed(seed);
  const privateKey = createPrivateKey({
    key: {
      kty: 'OKP',
      crv: 'Ed25519',
      d: Buffer.from(seed).toString('base64url'),
      x: Buffer.from(publicKey).toString('base64url'),
    },
    format: 'jwk',
  });
  return { keyId: `ed25519:${name}`, privateKey, publicKey: toBase64(publicKey) };
}

/** The first key in the text of a signing key file, or undefined when that line is none. */
export function parseSigningKey(text: string): SigningKey | undefined {
  const first = text.split('\n').find((each) => each.trim() !== '');
  const [, name = '', encoded = ''] = line.exec(first?.trim() ?? '') ?? [];
  const seed = fromBase64(encoded, ed25519KeyBytes);
  return seed === undefined ? undefined : makeSigningKey(name, seed);
}

/** The line of a signing key file for that key. A secret. */
export function formatSigningKey(key: SigningKey): string {
  const { d = '' } = key.privateKey.export({ format: 'jwk' });
  return `ed25519 ${key.keyId.slice('ed25519:'.length)} ${toBase64(Buffer.from(d, 'base64url'))}\n`;
}

/** A published key made ready to verify with, or undefined for what is no Ed25519 key. Worth keeping: making it costs as much as using it. */
export function readVerifyKey(publicKey: string): KeyObject | undefined {
  const bytes = fromBase64(publicKey, ed25519KeyBytes);
  if (bytes === undefined) return undefined;
  return createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(bytes).toString('base64url') },
    format: 'jwk',
  });
}
