// Width and height of an image from its first bytes, without decoding it: PNG, GIF, JPEG, WebP. The bytes say what it is, not the
// content type that the uploader claimed. Undefined: no such image.

/** Enough of a file to find the size; JPEG may have a colour profile before it. */
export const imageStartBytes = 128 * 1024;

/** Reads the size of an image. */
export function imageSize(start: Buffer): { readonly width: number; readonly height: number } | undefined {
  if (isAt(start, 0, '\x89PNG\r\n\x1a\n') && start.length >= 24) {
    return { width: start.readUInt32BE(16), height: start.readUInt32BE(20) };
  }
  if ((isAt(start, 0, 'GIF87a') || isAt(start, 0, 'GIF89a')) && start.length >= 10) {
    return { width: start.readUInt16LE(6), height: start.readUInt16LE(8) };
  }
  if (isAt(start, 0, 'RIFF') && isAt(start, 8, 'WEBP')) return webpSize(start);
  if (isAt(start, 0, '\xff\xd8\xff')) return jpegSize(start);
  return undefined;
}

function webpSize(start: Buffer) {
  if (start.length < 30) return undefined;
  if (isAt(start, 12, 'VP8X')) {
    return { width: start.readUIntLE(24, 3) + 1, height: start.readUIntLE(27, 3) + 1 };
  }
  if (isAt(start, 12, 'VP8L')) {
    const bits = start.readUInt32LE(21);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (isAt(start, 12, 'VP8 ')) {
    return { width: start.readUInt16LE(26) & 0x3fff, height: start.readUInt16LE(28) & 0x3fff };
  }
  return undefined;
}

/** Walks the segments up to a start-of-frame marker (C0 to CF without C4, C8, CC). */
function jpegSize(start: Buffer) {
  let at = 2;
  while (at + 9 <= start.length) {
    if (start[at] !== 0xff) return undefined;
    const marker = start[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) return { width: start.readUInt16BE(at + 7), height: start.readUInt16BE(at + 5) };
    at += 2 + Math.max(2, start.readUInt16BE(at + 2));
  }
  return undefined;
}

function isAt(bytes: Buffer, offset: number, text: string): boolean {
  return bytes.subarray(offset, offset + text.length).equals(Buffer.from(text, 'latin1'));
}
