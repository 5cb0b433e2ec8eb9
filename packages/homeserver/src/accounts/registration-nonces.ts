// The shared-secret registration that administrators' tools speak: a nonce from us, then an HMAC-SHA1 over nonce, name, password and
// whether it is an administrator, joined by NUL. A nonce is used once, within a minute; they live in this process's memory.
// https://element-hq.github.io/synapse/latest/admin_api/register_api.html

import { createHmac, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';

const nonceBytes = 32;
const nonceLifetimeMs = 60_000;
const noncesMax = 1_000;

/** What the HMAC covers. */
export interface SharedSecretRequest {
  readonly nonce: string;
  readonly username: string;
  readonly password: string;
  readonly admin: boolean;
  readonly userType?: string;
  /** Hex. */
  readonly mac: string;
}

/** Gives out nonces and checks what comes back. */
export class RegistrationNonces {
  readonly #nonces = new LRUCache<string, number>(atMost(noncesMax));
  readonly #now: () => number;
  readonly #randomBytes: (size: number) => Buffer;

  constructor(now: () => number, randomBytes: (size: number) => Buffer) {
    this.#now = now;
    this.#randomBytes = randomBytes;
  }

  /** A nonce, good for one request within a minute. */
  issue(): string {
    const nonce = this.#randomBytes(nonceBytes).toString('hex');
    this.#nonces.set(nonce, this.#now());
    return nonce;
  }

  /** Uses the nonce up; false when it is not known or too old. */
  spend(nonce: string): boolean {
    const issuedTs = this.#nonces.get(nonce);
    this.#nonces.delete(nonce);
    return issuedTs !== undefined && issuedTs + nonceLifetimeMs > this.#now();
  }
}

/** Whether the request was made by somebody who has the secret. */
export function isMacRight(request: SharedSecretRequest, sharedSecret: string): boolean {
  const covered = [request.nonce, request.username, request.password, request.admin ? 'admin' : 'notadmin'];
  if (request.userType !== undefined) covered.push(request.userType);
  const expected = createHmac('sha1', sharedSecret).update(covered.join('\0')).digest();
  const given = Buffer.from(request.mac, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
