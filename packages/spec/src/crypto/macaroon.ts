// Macaroons, version 2 of the binary format: a token that whoever holds it can narrow by a caveat, and nobody can widen. Each caveat is
// covered by an HMAC whose key is the signature before it, so the last signature proves all of them in order. What a caveat means is
// the verifier's business. Caveats for third parties are not read: a macaroon that has one is refused.
// https://github.com/rescrv/libmacaroons/blob/releases/0.3.0/doc/format.txt

import { createHmac, timingSafeEqual } from 'node:crypto';

/** A macaroon as it is carried around. */
export interface Macaroon {
  readonly location: string;
  /** Tells the verifier which root key it was made from. Not secret. */
  readonly identifier: string;
  /** In the order in which they were added. */
  readonly caveats: readonly string[];
  readonly signature: Buffer;
}

const version = 2;
const field = { end: 0, location: 1, identifier: 2, verification: 4, signature: 6 } as const;
const signatureBytes = 32;
/** Longest macaroon that is read, in bytes of its binary form; and how many caveats. */
const macaroonBytesMax = 8_192;
const caveatsMax = 64;
/** Lengths are numbers of at most three bytes of seven bits: two million. */
const lengthBytesMax = 3;
const rootKeyLabel = Buffer.from('macaroons-key-generator');

/** A macaroon without caveats. */
export function mintMacaroon(rootKey: Uint8Array, what: { location: string; identifier: string }): Macaroon {
  return { ...what, caveats: [], signature: hmac(hmac(rootKeyLabel, rootKey), what.identifier) };
}

/** The macaroon, narrowed by one more caveat. Needs no key. */
export function addCaveat(macaroon: Macaroon, caveat: string): Macaroon {
  return { ...macaroon, caveats: [...macaroon.caveats, caveat], signature: hmac(macaroon.signature, caveat) };
}

/** Whether it was made from this root key and has every caveat that was added. In constant time. */
export function isMacaroonOf(rootKey: Uint8Array, macaroon: Macaroon): boolean {
  const { signature } = macaroon.caveats.reduce(addCaveat, mintMacaroon(rootKey, macaroon));
  return macaroon.signature.length === signatureBytes && timingSafeEqual(signature, macaroon.signature);
}

/** The binary form, base64 for URLs, unpadded. */
export function encodeMacaroon({ location, identifier, caveats, signature }: Macaroon): string {
  const end = Buffer.from([field.end]);
  return Buffer.concat([
    Buffer.from([version]),
    ...(location === '' ? [] : [packet(field.location, location)]),
    packet(field.identifier, identifier),
    end,
    ...caveats.flatMap((caveat) => [packet(field.identifier, caveat), end]),
    end,
    packet(field.signature, signature),
  ]).toString('base64url');
}

/** The macaroon that a text stands for; undefined when it is none, or one with caveats for third parties. */
export function decodeMacaroon(text: string): Macaroon | undefined {
  if (text.length > macaroonBytesMax * 2 || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return undefined;
  const reader = new Reader(Buffer.from(text, 'base64'));
  if (reader.byte() !== version) return undefined;
  const location = reader.take(field.location)?.toString('utf8') ?? '';
  const identifier = reader.text(field.identifier);
  if (identifier === undefined || reader.byte() !== field.end) return undefined;
  const caveats: string[] = [];
  while (reader.peek() !== field.end) {
    reader.take(field.location); // only of interest for third parties
    const caveat = reader.text(field.identifier);
    if (caveat === undefined || reader.byte() !== field.end || caveats.push(caveat) > caveatsMax) return undefined;
  }
  reader.byte();
  const signature = reader.take(field.signature);
  if (signature?.length !== signatureBytes || !reader.isAtEnd) return undefined;
  return { location, identifier, caveats, signature };
}

function hmac(key: Uint8Array, data: Uint8Array | string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

function packet(type: number, data: Uint8Array | string): Buffer {
  const bytes = Buffer.from(data);
  const head = [type];
  let rest = bytes.length;
  for (; rest > 0x7f; rest >>>= 7) head.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, rest]), bytes]);
}

/** Reads from the front; what is not there is undefined. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  peek(): number | undefined {
    return this.#bytes[this.#at];
  }

  byte(): number | undefined {
    return this.#bytes[this.#at++];
  }

  /** The data of the next field, if it is of this type. */
  take(type: number): Buffer | undefined {
    if (this.peek() !== type) return undefined;
    this.#at += 1;
    const length = this.#length();
    const from = this.#at;
    if (length === undefined || from + length > this.#bytes.length) return undefined;
    this.#at = from + length;
    return this.#bytes.subarray(from, this.#at);
  }

  /** Likewise, as text; undefined for what is not UTF-8. */
  text(type: number): string | undefined {
    const data = this.take(type);
    const text = data?.toString('utf8');
    return text !== undefined && data?.equals(Buffer.from(text)) === true ? text : undefined;
  }

  #length(): number | undefined {
    let length = 0;
    for (let place = 0; place < lengthBytesMax; place++) {
      const byte = this.byte();
      if (byte === undefined) return undefined;
      length |= (byte & 0x7f) << (7 * place);
      if (byte < 0x80) return length;
    }
    return undefined;
  }
}
