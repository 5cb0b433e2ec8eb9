// Passwords as argon2id in the PHC string format. Node computes on its thread pool, off the event loop; how many at once is bounded,
// because each takes its memory. A wrong user name costs the same time as a wrong password.
// https://spec.matrix.org/v1.19/client-server-api/#password-based

import { argon2, timingSafeEqual } from 'node:crypto';
import { MatrixError } from '@pons/spec';

/** `default` is what OWASP recommends (19 MiB, 2 passes); `low` is argon2 at its minimum, for tests. */
export type PasswordCost = 'default' | 'low';

const costs = {
  default: { memoryKib: 19_456, passes: 2 },
  low: { memoryKib: 8, passes: 1 },
} as const;
const saltBytes = 16;
const hashBytes = 32;
/** Longer ones are refused before they are hashed. */
export const passwordBytesMax = 512;
/** At once: two of Node's four pool threads, so that files and name lookups never wait for passwords alone. */
const hashingMax = 2;
/** Waiting beyond those; more are told to come back. */
const waitingMax = 256;
const retryAfterMs = 2_000;

/** Hashes and verifies passwords. */
export class Passwords {
  readonly #cost: PasswordCost;
  readonly #randomBytes: (size: number) => Buffer;
  readonly #decoySalt: Buffer;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(cost: PasswordCost, randomBytes: (size: number) => Buffer) {
    this.#cost = cost;
    this.#randomBytes = randomBytes;
    this.#decoySalt = randomBytes(saltBytes);
  }

  /**
   * The PHC string to store for a password.
   *
   * @throws MatrixError M_WEAK_PASSWORD for an empty one, M_INVALID_PARAM for one over 512 bytes, M_LIMIT_EXCEEDED under load
   */
  async hash(password: string): Promise<string> {
    if (password === '') throw new MatrixError('M_WEAK_PASSWORD', 'give a password that is not empty');
    if (isTooLong(password)) {
      throw new MatrixError('M_INVALID_PARAM', `give a password of at most ${passwordBytesMax} bytes`);
    }
    const salt = this.#randomBytes(saltBytes);
    const { memoryKib, passes } = costs[this.#cost];
    const tag = await this.#derive(password, { salt, memoryKib, passes, parallelism: 1, tagBytes: hashBytes });
    return `$argon2id$v=19$m=${memoryKib},t=${passes},p=1$${base64(salt)}$${base64(tag)}`;
  }

  /** Whether a password is the one of a stored hash; takes as long where there is none (null). */
  async verify(stored: string | null, password: string): Promise<boolean> {
    if (isTooLong(password)) return false;
    const parsed = stored === null ? undefined : parsePhc(stored);
    if (parsed === undefined) {
      const { memoryKib, passes } = costs[this.#cost];
      await this.#derive(password, {
        salt: this.#decoySalt,
        memoryKib,
        passes,
        parallelism: 1,
        tagBytes: hashBytes,
      });
      return false;
    }
    const tag = await this.#derive(password, { ...parsed, tagBytes: parsed.tag.length });
    return timingSafeEqual(tag, parsed.tag);
  }

  async #derive(password: string, how: Argon2Parameters): Promise<Buffer> {
    if (this.#running >= hashingMax) {
      if (this.#waiting.length >= waitingMax) {
        throw new MatrixError('M_LIMIT_EXCEEDED', 'too many passwords are being checked: try again shortly', {
          fields: { retry_after_ms: retryAfterMs },
        });
      }
      // The one that leaves hands its place over: #running stays as it is.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running += 1;
    }
    try {
      return await deriveKey(password, how);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

interface Argon2Parameters {
  readonly salt: Buffer;
  readonly memoryKib: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly tagBytes: number;
}

function deriveKey(password: string, how: Argon2Parameters): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    argon2(
      'argon2id',
      {
        message: password,
        nonce: how.salt,
        memory: how.memoryKib,
        passes: how.passes,
        parallelism: how.parallelism,
        tagLength: how.tagBytes,
      },
      (error, tag) => (error === null ? resolve(tag) : reject(error)),
    );
  });
}

const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{22,88})$/;

function parsePhc(stored: string): (Omit<Argon2Parameters, 'tagBytes'> & { tag: Buffer }) | undefined {
  const match = phc.exec(stored);
  if (match === null) return undefined;
  const [, memory = '', passes = '', parallelism = '', salt = '', tag = ''] = match;
  return {
    memoryKib: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

function isTooLong(password: string): boolean {
  return Buffer.byteLength(password) > passwordBytesMax;
}
