// Bytes from a socket to lines of text. Sits between the socket and parse-line.ts, on both sides of the wire.
// A line longer than the limit is thrown away up to its end, so that no peer can make us hold more. Text is UTF-8; a line that
// is not is read as Windows-1252, which old clients still send, but a character cut off at the server's 512 bytes is only dropped.

import { LINE_BYTES_MAX, TAG_BYTES_MAX } from './parse-line.ts';

/** Makes lines of whatever chunks arrive. */
export interface LineReader {
  /** The complete lines after this chunk, without line ends; `null` stands for one that was too long. */
  push(chunk: Uint8Array): (string | null)[];
}

/**
 * A reader for one connection.
 *
 * @param bytesMax most bytes of one line, tags included
 */
export function readLines(bytesMax: number = TAG_BYTES_MAX + LINE_BYTES_MAX): LineReader {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let tooLong = false;

  function hold(bytes: Uint8Array): void {
    if (tooLong || bytes.length === 0) return;
    if (heldBytes + bytes.length > bytesMax) {
      tooLong = true;
      held = [];
      heldBytes = 0;
      return;
    }
    held.push(bytes);
    heldBytes += bytes.length;
  }

  return {
    push(chunk) {
      const lines: (string | null)[] = [];
      let start = 0;
      for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
        hold(chunk.subarray(start, end));
        lines.push(tooLong ? null : decodeLine(Buffer.concat(held)));
        held = [];
        heldBytes = 0;
        tooLong = false;
        start = end + 1;
      }
      // Copied: the socket may use its buffer again.
      hold(Uint8Array.prototype.slice.call(chunk, start));
      return lines;
    },
  };
}

/** One line's bytes as text, its CR taken off. */
export function decodeLine(bytes: Uint8Array): string {
  let line = bytes;
  while (line.at(-1) === CR) line = line.subarray(0, -1);
  const whole = decodeUtf8(line);
  if (whole !== null) return whole;
  const cut = decodeUtf8(withoutCutCharacter(line));
  return cut ?? WINDOWS_1252.decode(line);
}

const LF = 0x0a;
const CR = 0x0d;
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const WINDOWS_1252 = new TextDecoder('windows-1252');

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return UTF_8.decode(bytes);
  } catch {
    // Not UTF-8: the caller has another reading.
    return null;
  }
}

/** Without the first one to three bytes of a character at the end whose other bytes are missing. */
function withoutCutCharacter(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) {
      // A lone Latin-1 letter at the end of ASCII text looks the same; only after other UTF-8 is it a cut character.
      const before = bytes.subarray(0, bytes.length - back);
      return before.some((each) => each >= 0x80) ? before : bytes;
    }
    if (byte < 0x80) break;
  }
  return bytes;
}
