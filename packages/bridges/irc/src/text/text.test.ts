// Formatting both ways: examples of each code, and properties over all of them.

import { type Block, type Inline, plain } from '@pons/appservice-sdk/bridge';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromMatrix, writeRuns } from './from-matrix.ts';
import { colourNumber, colourOf, isControl, PLAIN, type Run, type Style } from './style.ts';
import { type Named, readRuns, toMatrix } from './to-matrix.ts';

const names = { nickOf: (user: string) => (user === 'alice' ? 'Alice' : undefined), channelOf: () => undefined };
const write = (blocks: Block[], bytesMax = 400): string[] => fromMatrix(blocks, names, bytesMax);

describe('toMatrix', () => {
  it.each<[string, string, Inline[]]>([
    ['bold and what follows', '\x02a\x02b', [{ b: ['a'] }, 'b']],
    ['nested styles', '\x02a\x1db\x0fc', [{ b: ['a'] }, { b: [{ i: ['b'] }] }, 'c']],
    ['underline, strike, monospace', '\x1fa\x1f\x1eb\x1e\x11c', [{ u: ['a'] }, { s: ['b'] }, { code: 'c' }]],
    [
      'colours',
      '\x034a\x034,2b\x03c',
      [{ color: '#ff0000', text: ['a'] }, { color: '#ff0000', bg: '#00007f', text: ['b'] }, 'c'],
    ],
    ['a colour before a digit and a comma', '\x03041\x03,x', [{ color: '#ff0000', text: ['1'] }, ',x']],
    ['hex colours', '\x04ABCDEFa\x04b', [{ color: '#abcdef', text: ['a'] }, 'b']],
    ['colour 99 as the default', '\x034a\x0399b', [{ color: '#ff0000', text: ['a'] }, 'b']],
    ['a colour on itself as a spoiler', '\x031,1who\x03?', [{ spoiler: ['who'] }, '?']],
    ['reverse of colours', '\x034,2\x16a', [{ color: '#00007f', bg: '#ff0000', text: ['a'] }]],
    [
      'addresses',
      'see https://a.example/x(y), ok',
      ['see ', { link: 'https://a.example/x(y)', text: ['https://a.example/x(y)'] }, ', ok'],
    ],
    [
      'an address in brackets',
      '(https://a.example)',
      ['(', { link: 'https://a.example', text: ['https://a.example'] }, ')'],
    ],
    ['the letters br', 'br', ['b', 'r']],
    ['control characters', 'a\x01\x07\x1b[31mb\x7f', ['a[31mb']],
  ])('reads %s', (_, text, inlines) => {
    expect(toMatrix(text)).toEqual([{ p: inlines }]);
  });

  it('makes a mention of a nick that is addressed, and of a Matrix user anywhere', () => {
    const people: Record<string, Named> = {
      bob: { user: 'bob', label: 'Bob', anywhere: false },
      alice: { user: 'alice', label: 'Alice', anywhere: true },
    };
    const read = (text: string): Block[] => toMatrix(text, (word) => people[word.toLowerCase()]);
    expect(read('Bob: hi')).toEqual([{ p: [{ mention: 'bob', label: 'Bob' }, ': hi'] }]);
    expect(read('hi bob, @bob')).toEqual([{ p: ['hi bob, ', { mention: 'bob', label: 'Bob' }] }]);
    expect(read("I saw alice's cat")).toEqual([{ p: ['I saw ', { mention: 'alice', label: 'Alice' }, "'s cat"] }]);
    expect(read('malice https://x.example/alice')).toEqual([
      { p: ['malice ', { link: 'https://x.example/alice', text: ['https://x.example/alice'] }] },
    ]);
  });

  it('says nothing where nothing can be read', () => {
    expect(toMatrix('\x02\x03\x0f\x01')).toEqual([]);
  });
});

describe('fromMatrix', () => {
  it.each<[string, Block[], string[]]>([
    [
      'styles',
      [{ p: [{ b: ['a', { i: ['b'] }] }, 'c', { u: ['d'] }, { s: ['e'] }, { code: 'f' }] }],
      ['\x02a\x1db\x0fc\x1fd\x1f\x1ee\x1e\x11f'],
    ],
    [
      'a colour before digits and commas',
      [{ p: [{ color: '#ff0000', text: ['1'] }, '2', { color: '#ff0000', text: [',3'] }] }],
      ['\x03041\x0f2\x0304\x02\x02,3'],
    ],
    ['a colour that nobody has', [{ p: [{ color: '#fe0101', text: ['a'] }] }], ['\x0304a']],
    ['a colour by name', [{ p: [{ color: 'red', text: ['a'] }] }], ['a']],
    ['a spoiler', [{ p: [{ spoiler: ['who', { color: '#ff0000', text: ['se'] }] }, '?'] }], ['\x0301,01whose\x0f?']],
    [
      'links',
      [{ p: [{ link: 'https://a.example/', text: ['a.example'] }, ' ', { link: 'https://b.example', text: ['B'] }] }],
      ['https://a.example/ B (https://b.example)'],
    ],
    [
      'mentions',
      [
        {
          p: [
            { mention: 'alice', label: 'A' },
            { mention: 'x', label: 'X' },
            { mention: 'room', label: '' },
          ],
        },
      ],
      ['AliceX@room'],
    ],
    [
      'blocks',
      [
        { heading: ['H'], level: 1 },
        { quote: [{ p: ['q', 'br', 'r'] }] },
        { list: [[{ p: ['a'] }], [{ p: ['b'] }]], from: 3 },
        { hr: true },
        { pre: 'x\n  y' },
      ],
      ['\x02H', '> q', '> r', '3. a', '4. b', '---', '\x11x', '\x11  y'],
    ],
    ['line breaks of every kind', [{ p: ['a\nb\r\nc\rd\u2028e\u0085f'] }], ['a', 'b', 'c', 'd', 'e', 'f']],
    ['no control character', [{ p: ['\x01VERSION\x01 \x02a\x03\x1b\0'] }], ['VERSION a']],
    ['nothing', [{ p: [' ', 'br'] }], []],
  ])('writes %s', (_, blocks, lines) => {
    expect(write(blocks)).toEqual(lines);
  });

  it('cuts 200 smileys between them, and words at spaces, with their styles kept', () => {
    const lines = write([{ p: ['😀'.repeat(200)] }], 100);
    expect(lines.join('')).toBe('😀'.repeat(200));
    expect(lines.every((line) => !line.includes('\ufffd') && Buffer.byteLength(line) <= 100)).toBe(true);
    const words: Block[] = [{ p: [`${'a'.repeat(16)} `, { b: [`${'b'.repeat(24)} cc`] }] }];
    expect(write(words, 40)).toEqual(['a'.repeat(16), `\x02${'b'.repeat(24)} cc`]);
  });

  const style: fc.Arbitrary<Style> = fc
    .record({
      bold: fc.boolean(),
      italic: fc.boolean(),
      underline: fc.boolean(),
      strike: fc.boolean(),
      monospace: fc.boolean(),
      fg: fc.option(fc.constantFrom('#ff0000', '#ffffff', '#470000')),
      bg: fc.option(fc.constantFrom('#00007f', '#000000')),
    })
    .map((each) => (each.fg === null ? { ...each, bg: null } : each));
  const readable = fc
    .string({
      unit: fc.oneof(
        fc.constantFrom('1', ',', ' ', 'a', 'é', '😀'),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
      ),
    })
    // A separator of lines or paragraphs ends a line on the way to IRC, as the table above says.
    .filter((text) => text !== '' && !/[\u2028\u2029]/.test(text) && !Array.from(text).some(isControl));

  it('writes runs that are read back the same', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ text: readable, style })), (runs) => {
        const joined = runs.reduce<Run[]>((all, run) => {
          const last = all.at(-1);
          if (last && JSON.stringify(last.style) === JSON.stringify(run.style))
            return [...all.slice(0, -1), { ...last, text: last.text + run.text }];
          return [...all, run];
        }, []);
        expect(readRuns(writeRuns(runs))).toEqual(joined);
      }),
    );
  });

  const inline: fc.Arbitrary<Inline> = fc.letrec<{ inline: Inline; many: Inline[] }>((tie) => ({
    inline: fc.oneof(
      { depthSize: 'small' },
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('\r', '\n', '\0', '\x01', ' ', 'a', '\u2028') }),
      fc.constant<Inline>('br'),
      fc.record({ code: fc.string({ unit: 'binary' }) }),
      fc.record({ mention: fc.constantFrom('alice', 'room'), label: fc.string({ unit: 'binary' }) }),
      tie('many').map((b): Inline => ({ b })),
      tie('many').map((spoiler): Inline => ({ spoiler })),
      tie('many').map((text): Inline => ({ link: 'https://a.example', text })),
      fc.record({ color: fc.constantFrom('#ff0000', 'x\r\n'), text: tie('many') }),
    ),
    many: fc.array(tie('inline'), { maxLength: 5 }),
  })).inline;

  it('never writes a control character but formatting, nor more bytes than a line takes, and loses no word', () => {
    const formatting = new Set(['\x02', '\x1d', '\x1f', '\x1e', '\x11', '\x03', '\x0f']);
    fc.assert(
      fc.property(fc.array(inline), fc.integer({ min: 32, max: 120 }), (inlines, bytesMax) => {
        const lines = write([{ p: inlines }], bytesMax);
        for (const line of lines) {
          expect(Buffer.byteLength(line)).toBeLessThanOrEqual(bytesMax);
          expect(line.isWellFormed()).toBe(true);
          expect(Array.from(line).filter((letter) => isControl(letter) && !formatting.has(letter))).toEqual([]);
        }
        const got = lines
          .map((line) =>
            readRuns(line)
              .map((run) => run.text)
              .join(''),
          )
          .join('');
        const whole = write([{ p: inlines }], 1_000_000)
          .map((line) =>
            readRuns(line)
              .map((run) => run.text)
              .join(''),
          )
          .join('');
        expect(got.replaceAll(' ', '')).toBe(whole.replaceAll(' ', ''));
      }),
      { numRuns: 500 },
    );
  });

  it('brings what IRC can show to Matrix and back unchanged', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ text: readable, style }), { minLength: 1 }), (runs) => {
        const text = writeRuns(runs);
        const there = toMatrix(text);
        const back = write(there, 1_000_000);
        const visible = runs.map((run) => run.text).join('');
        expect(plain({ parts: [{ blocks: there }] })).toBe(visible);
        expect(
          back
            .map((line) =>
              readRuns(line)
                .map((run) => run.text)
                .join(''),
            )
            .join(''),
        ).toBe(visible.trim() === '' ? '' : visible);
      }),
    );
  });
});

describe('the palette', () => {
  it('finds every colour by its number again, or the same colour under a lower one', () => {
    for (let number = 0; number < 99; number++) {
      const colour = colourOf(number) ?? '';
      expect(colourOf(colourNumber(colour) ?? 99)).toBe(colour);
    }
    expect([colourOf(99), colourNumber('red'), PLAIN.fg]).toEqual([null, null, null]);
  });
});
