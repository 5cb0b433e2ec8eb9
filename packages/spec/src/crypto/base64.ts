// Unpadded base64, as Matrix writes binary values in JSON. Reading accepts padding and the URL-safe alphabet, as others send them.
// https://spec.matrix.org/v1.19/appendices/#unpadded-base64

const grammar = /^[A-Za-z0-9+/_-]*={0,2}$/;

/** Bytes as unpadded base64. */
export function toBase64(bytes: Uint8Array): string {
  return unpadded(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64'));
}

/** Base64 without its padding. */
export function unpadded(base64: string): string {
  return base64.endsWith('==') ? base64.slice(0, -2) : base64.endsWith('=') ? base64.slice(0, -1) : base64;
}

/** The bytes that a base64 text stands for, or undefined when it is malformed or stands for another number of bytes. */
export function fromBase64(text: string, bytesExpected: number): Uint8Array | undefined {
  if (!grammar.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === bytesExpected ? bytes : undefined;
}
