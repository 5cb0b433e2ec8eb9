// The one limit every Matrix identifier shares: 255 bytes of UTF-8, sigil and domain included. U+0000 is in none of them, and neither is
// a lone surrogate, which has no form in UTF-8.
// https://spec.matrix.org/v1.19/appendices/#identifier-grammar

/** Bytes of UTF-8 that an identifier may take. */
export const idBytesMax = 255;

const encoder = new TextEncoder();

/** Whether a string fits into 255 bytes and holds neither U+0000 nor a lone surrogate. */
export function isIdText(id: string): boolean {
  if (id.length > idBytesMax || id.includes('\0') || !id.isWellFormed()) return false;
  // A UTF-16 unit takes at most three bytes.
  return id.length * 3 <= idBytesMax || encoder.encode(id).length <= idBytesMax;
}
