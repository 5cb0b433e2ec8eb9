// A text of Matrix as one line of IRC: for names, topics and reasons, which are one line there. Line breaks of every kind and other
// control characters become spaces.

import { isControl } from './style.ts';

/** The text in one line, at most `bytesMax` bytes. */
export function oneLine(text: string, bytesMax: number): string {
  let bytes = 0;
  let line = '';
  for (const letter of text.toWellFormed()) {
    const readable = isControl(letter) || letter === '\u2028' || letter === '\u2029' ? ' ' : letter;
    if (readable === ' ' && (line === '' || line.endsWith(' '))) continue;
    bytes += Buffer.byteLength(readable);
    if (bytes > bytesMax) break;
    line += readable;
  }
  return line.trimEnd();
}
