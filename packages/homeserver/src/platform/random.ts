// Randomness as the house knows it: handed in by compose.ts, so that a test can repeat itself. Always the operating system's
// generator: ids end up in tokens and room ids, where a guess must not help.
import { randomBytes } from 'node:crypto';

export interface Random {
  bytes(count: number): Buffer;
  /** Letters and digits; 5.95 bits each. */
  id(chars: number): string;
  /** Evenly spread over 0 up to but not including 1: for jitter. */
  fraction(): number;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** The greatest multiple of 62 in a byte: what lies above would favour the first letters. */
const fairBelow = 248;

function letters(count: number, bytes: (count: number) => Buffer): string {
  let text = '';
  while (text.length < count) {
    for (const byte of bytes(count - text.length + 8)) {
      if (byte < fairBelow && text.length < count) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}

/** A Random over any source of bytes. */
export function randomFrom(bytes: (count: number) => Buffer): Random {
  return {
    bytes,
    id: (chars) => letters(chars, bytes),
    fraction: () => bytes(4).readUInt32BE() / 2 ** 32,
  };
}

/** The operating system's randomness. */
export const systemRandom: Random = randomFrom((count) => randomBytes(count));
