// Bytes in any chunks, of any length and encoding.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLine, readLines } from './read-lines.ts';

describe('readLines', () => {
  it('gives the same lines however the bytes are cut into chunks', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme' }).map((s) => s.replace(/[\r\n]/g, ''))),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        (lines, sizes) => {
          const bytes = Buffer.from(lines.map((line) => `${line}\r\n`).join(''));
          const reader = readLines();
          const got: (string | null)[] = [];
          for (let at = 0, n = 0; at < bytes.length; n++) {
            const size = sizes[n % sizes.length] ?? 1;
            got.push(...reader.push(bytes.subarray(at, at + size)));
            at += size;
          }
          expect(got).toEqual(lines);
        },
      ),
    );
  });

  it('throws away a line that is too long, says so, and reads on', () => {
    const reader = readLines(10);
    expect(reader.push(Buffer.from('12345'))).toEqual([]);
    expect(reader.push(Buffer.from('678901'))).toEqual([]);
    expect(reader.push(Buffer.from('x'.repeat(1000)))).toEqual([]);
    expect(reader.push(Buffer.from('\r\nok\n'))).toEqual([null, 'ok']);
  });
});

describe('decodeLine', () => {
  it.each<[string, number[], string]>([
    ['UTF-8', [0xc3, 0xa9, 0x0d], 'é'],
    ['Latin-1', [0x63, 0x61, 0x66, 0xe9, 0x20, 0x21], 'café !'],
    ['a Latin-1 letter at the end', [0x63, 0x61, 0x66, 0xe9], 'café'],
    ['a smiley cut off at the limit', [0xc3, 0xa9, 0xf0, 0x9f, 0x98], 'é'],
  ])('reads %s', (_, bytes, text) => {
    expect(decodeLine(Uint8Array.from(bytes))).toBe(text);
  });
});
