// The line writer against whatever can be thrown at it: nothing makes a second line or a further parameter.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLine, LineRefused, type OutLine } from './format-line.ts';
import { parseLine } from './parse-line.ts';

const anything = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('\r', '\n', '\0', ' ', ':', '@', ';', 'a', '\u2028', '\u010a', 'é', '😀', '\ud800'),
  }),
);

const anyLine: fc.Arbitrary<OutLine> = fc.record(
  {
    command: fc.oneof(fc.constantFrom('PRIVMSG', 'NICK', '001'), anything),
    params: fc.array(anything, { maxLength: 17 }),
    source: anything,
    tags: fc.dictionary(fc.oneof(fc.constantFrom('label', '+draft/reply'), anything), anything, { maxKeys: 3 }),
  },
  { requiredKeys: ['command'] },
);

describe('formatLine', () => {
  it('writes what parseLine reads back, and no input makes a second line or a further parameter', () => {
    fc.assert(
      fc.property(anyLine, (line) => {
        let text: string;
        try {
          text = formatLine(line);
        } catch (error) {
          expect(error).toBeInstanceOf(LineRefused);
          return;
        }
        const bytes = Buffer.from(text, 'utf8');
        expect(bytes.filter((byte) => byte === 10 || byte === 13 || byte === 0)).toHaveLength(2);
        expect(text.endsWith('\r\n')).toBe(true);
        expect(bytes.length).toBeLessThanOrEqual(4096 + 512);
        const back = parseLine(text.slice(0, -2));
        expect(back?.command).toBe(line.command.toUpperCase());
        expect(back?.params).toEqual(line.params ?? []);
        expect(Object.fromEntries(back?.tags ?? [])).toEqual(line.tags ?? {});
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, OutLine]>([
    ['CR in a nick', { command: 'NICK', params: ['a\rOPER x'] }],
    ['LF in a topic', { command: 'TOPIC', params: ['#c', 'a\nQUIT'] }],
    ['NUL in a message', { command: 'PRIVMSG', params: ['#c', 'a\0b'] }],
    ['a space in a channel', { command: 'PRIVMSG', params: ['#c #d', 'x'] }],
    ['a colon before a target', { command: 'PRIVMSG', params: [':#c', 'x'] }],
    ['an empty target', { command: 'PRIVMSG', params: ['', 'x'] }],
    ['a command with a space', { command: 'NICK a', params: [] }],
    ['a tag name with a space', { command: 'TAGMSG', params: ['#c'], tags: { 'a b': '' } }],
    ['more than the line takes', { command: 'PRIVMSG', params: ['#c', '😀'.repeat(125)] }],
  ])('refuses %s', (_, line) => {
    expect(() => formatLine(line)).toThrow(LineRefused);
  });

  it('does not repeat the refused text in its reason', () => {
    expect(() => formatLine({ command: 'PASS', params: ['sec\nret'] })).toThrow(/^(?!.*ret).*$/);
  });

  it('writes up to the last byte of the limit', () => {
    const line = { command: 'PRIVMSG', params: ['#c', `${'é'.repeat(248)}xx`] };
    expect(Buffer.byteLength(formatLine(line, { lineBytes: 511 }))).toBe(511);
    expect(() => formatLine(line, { lineBytes: 510 })).toThrow(LineRefused);
  });
});
