// What access and refresh tokens look like: opaque, 256 random bits behind a prefix that secret scanners can find. Only their SHA-256
// is stored, so a copy of the database opens no session. Being random, they need no salt.

import { createHash } from 'node:crypto';

const tokenBytes = 32;
/** Ours have 48 characters; longer strings are not hashed at all. */
const tokenCharactersMax = 512;

/** A new access or refresh token. */
export function newToken(kind: 'access' | 'refresh', randomBytes: (size: number) => Buffer): string {
  return `${kind === 'access' ? 'pons_' : 'ponr_'}${randomBytes(tokenBytes).toString('base64url')}`;
}

/** What is stored of a token; undefined for a string that no token of ours can be. */
export function hashToken(token: string): Buffer | undefined {
  if (token.length === 0 || token.length > tokenCharactersMax) return undefined;
  return createHash('sha256').update(token).digest();
}
