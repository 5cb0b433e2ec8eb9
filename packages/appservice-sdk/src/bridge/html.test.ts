// The three pure functions that every message passes: HTML read, HTML written, a long message cut; by property where one holds.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { astToHtml } from './ast-to-html.ts';
import { plainBlocks } from './define-network.ts';
import { htmlToAst, textToAst } from './html-to-ast.ts';
import { normalBlocks } from './message-ast.ts';
import type { Block, Inline } from './network.ts';
import { readHtml } from './read-html.ts';
import { splitMessage, textSize } from './split-message.ts';

const names = {
  mxidOf: (user: string) => `@_x_${user}:example.org`,
  roomOf: (chat: unknown) => (typeof chat === 'string' ? `#_x_${chat}:example.org` : undefined),
  userOf: (mxid: string) => /^@_x_(.*):example\.org$/.exec(mxid)?.[1],
  chatOf: (room: string) => /^#_x_(.*):example\.org$/.exec(room)?.[1],
};

// Characters that mean something to HTML, of one to four bytes, and the text that a line break is spelt with.
const character = fc.constantFrom(...Array.from('ab <>&"\'/=;#é漢😀'), 'br', '&lt;', '</p>');
const string = fc.array(character, { minLength: 1, maxLength: 12 }).map((some) => some.join(''));
const name = fc.constantFrom('alice', 'bob');
const { inlines, blocks } = fc.letrec<{ inline: Inline; inlines: Inline[]; block: Block; blocks: Block[] }>((tie) => ({
  inlines: fc.array(tie('inline'), { minLength: 1, maxLength: 4 }),
  inline: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    string.filter((text) => text !== 'br'),
    fc.constant<Inline>('br'),
    name.map((mention): Inline => ({ mention, label: mention })),
    name.map((chat): Inline => ({ chat, label: `#${chat}` })),
    string.map((code): Inline => ({ code })),
    tie('inlines').map((b): Inline => ({ b })),
    tie('inlines').map((i): Inline => ({ i })),
    tie('inlines').map((u): Inline => ({ u })),
    tie('inlines').map((s): Inline => ({ s })),
    tie('inlines').map((spoiler): Inline => ({ spoiler, why: 'a "reason"' })),
    tie('inlines').map((text): Inline => ({ color: '#ff0000', bg: '#00ff00', text })),
    tie('inlines').map((text): Inline => ({ link: 'https://example.org/?a=1&b="2"', text })),
  ),
  blocks: fc.array(tie('block'), { minLength: 1, maxLength: 4 }),
  block: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    tie('inlines').map((p): Block => ({ p })),
    tie('inlines').map((heading): Block => ({ heading, level: 2 })),
    string.map((pre): Block => ({ pre, lang: 'c++' })),
    fc.constant<Block>({ hr: true }),
    tie('blocks').map((quote): Block => ({ quote })),
    fc.array(tie('blocks'), { minLength: 1, maxLength: 3 }).map((list): Block => ({ list })),
    fc.array(tie('blocks'), { minLength: 1, maxLength: 3 }).map((list): Block => ({ list, from: 3 })),
  ),
}));

test('what was written as HTML is read back as the same tree', () => {
  fc.assert(
    fc.property(blocks, (tree) => {
      const normal = normalBlocks(tree);
      expect(htmlToAst(astToHtml(normal, names).html, names)).toEqual(normal);
    }),
    { numRuns: 500 },
  );
});

test('no text of a network opens a tag or an attribute of its own', () => {
  fc.assert(
    fc.property(string, (evil) => {
      const { html } = astToHtml(
        [
          {
            p: [
              evil,
              { b: [evil] },
              { code: evil },
              { link: `https://x/${evil}`, text: [evil] },
              { spoiler: [evil], why: evil },
            ],
          },
        ],
        names,
      );
      const tags = [...html.matchAll(/<\/?([a-z]+)/g)].map((match) => match[1]);
      expect(tags.filter((tag) => tag !== 'br')).toEqual([
        'strong',
        'strong',
        'code',
        'code',
        'a',
        'a',
        'span',
        'span',
      ]);
    }),
  );
});

test('any string is read as HTML without failing, in bounded depth', () => {
  fc.assert(fc.property(fc.string({ maxLength: 200 }), (html) => void htmlToAst(html, names)));
  const deep = htmlToAst('<b>'.repeat(10_000) + '<blockquote>'.repeat(10_000) + 'x', names);
  expect(plainBlocks(deep)).toContain('x');
  expect(JSON.stringify(deep).length).toBeLessThan(60_000);
  expect(readHtml('<'.repeat(50_000))).toHaveLength(1);
});

const cases: [string, string, Block[]][] = [
  ['reply fallback is dropped', '<mx-reply><blockquote>old</blockquote></mx-reply>new', [{ p: ['new'] }]],
  ['white space is what a browser shows', ' a \n  b <p> c </p> ', [{ p: ['a b'] }, { p: ['c'] }]],
  [
    'a pill of a ghost is a mention',
    '<a href="https://matrix.to/#/@_x_bob:example.org">Bob</a>: hi',
    [{ p: [{ mention: 'bob', label: 'Bob' }, ': hi'] }],
  ],
  [
    'a pill of anybody else is their label',
    '<a href="https://matrix.to/#/%40eve%3Aevil.org">Eve</a>',
    [{ p: ['Eve'] }],
  ],
  [
    'unclosed items and unknown tags are read all the same',
    '<ul><li>a<li><x>b</ul>',
    [{ list: [[{ p: ['a'] }], [{ p: ['b'] }]] }],
  ],
  ['scripts are not read', '<script>alert(1)</script>a', [{ p: ['a'] }]],
  ['a lone angle bracket is text', '1 < 2 &amp;&amp; 3 > 2', [{ p: ['1 < 2 && 3 > 2'] }]],
  ['a spoiler keeps its reason', '<span data-mx-spoiler="end">x</span>', [{ p: [{ spoiler: ['x'], why: 'end' }] }]],
];
test.each(cases)('%s', (_, html, tree) => {
  expect(htmlToAst(html, names)).toEqual(tree);
});

test('a link that could run something is only its text, and the word br is not a line break', () => {
  expect(astToHtml([{ p: [{ link: 'javascript:alert(1)', text: ['x'] }] }], names).html).toBe('x');
  expect(textToAst('br\na  b')).toEqual([{ p: ['b', 'r', 'br', 'a  b'] }]);
});

const squeeze = (text: string): string => text.replace(/[\s>]|- |\d+\. /g, '');

test.each(['bytes', 'chars'] as const)(
  'a message cut by %s fits in every piece, and the pieces say what it said',
  (unit) => {
    fc.assert(
      fc.property(
        fc.array(inlines, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 8, max: 60 }),
        fc.option(fc.integer({ min: 1, max: 3 })),
        (paragraphs, max, lines) => {
          const tree = normalBlocks(paragraphs.map((p) => ({ p })));
          const limit = { max, unit, over: 'split' as const, ...(lines === null ? {} : { lines }) };
          const pieces = splitMessage({ parts: [{ blocks: tree }], replyTo: 'm' }, limit).map((piece) =>
            plainBlocks(piece.parts[0]?.blocks ?? []),
          );
          for (const piece of pieces) expect(textSize(piece, unit)).toBeLessThanOrEqual(max);
          expect(squeeze(pieces.join(''))).toBe(squeeze(plainBlocks(tree)));
        },
      ),
      { numRuns: 300 },
    );
  },
);

test('words stay whole, formatting goes on, and only the first piece is the reply', () => {
  const message = { parts: [{ blocks: [{ p: ['one ', { b: ['two three'] }, ' four'] }] }], replyTo: 'm' };
  expect(splitMessage(message, { max: 8, unit: 'chars', over: 'split' })).toEqual([
    { parts: [{ blocks: [{ p: ['one ', { b: ['two'] }] }] }], replyTo: 'm' },
    { parts: [{ blocks: [{ p: [{ b: ['three'] }] }] }] },
    { parts: [{ blocks: [{ p: ['four'] }] }] },
  ]);
});
