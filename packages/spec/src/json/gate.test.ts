// The gate against a slow parser written from the grammar, on token soup, on odd structure and on damaged JSON.
// https://www.rfc-editor.org/rfc/rfc8259#section-2

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MatrixError } from '../errors/matrix-error.ts';
import { type JsonKind, parseJson, parseJsonObject } from './gate.ts';
import { jsonDepthMax } from './json-depth.ts';
import type { JsonValue } from './json-value.ts';

/** A second, slow, by-the-grammar parser: what the gate is measured against. */
class SlowParser {
  at = 0;
  bad = false;
  depth = 0;
  readonly text: string;
  readonly kind: JsonKind;
  constructor(text: string, kind: JsonKind) {
    this.text = text;
    this.kind = kind;
  }
  document(): JsonValue {
    const value = this.value();
    this.space();
    if (this.at !== this.text.length) throw new SyntaxError();
    return value;
  }
  space() {
    while (' \t\r\n'.includes(this.text[this.at] ?? 'x')) this.at++;
  }
  take(token: string): boolean {
    this.space();
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }
  insist(token: string) {
    if (!this.take(token)) throw new SyntaxError();
  }
  value(): JsonValue {
    for (const [word, value] of [
      ['null', null],
      ['true', true],
      ['false', false],
    ] as const)
      if (this.take(word)) return value;
    if (this.take('[')) return this.nested(() => this.items());
    if (this.take('{')) return this.nested(() => this.members());
    if (this.take('"')) return this.string();
    return this.number();
  }
  nested<T>(read: () => T): T {
    if (++this.depth > jsonDepthMax) this.bad = true;
    const value = read();
    this.depth--;
    return value;
  }
  items(): JsonValue[] {
    const items: JsonValue[] = [];
    if (this.take(']')) return items;
    do items.push(this.value());
    while (this.take(','));
    this.insist(']');
    return items;
  }
  members(): JsonValue {
    const members: [string, JsonValue][] = [];
    if (this.take('}')) return {};
    do {
      this.insist('"');
      const key = this.string();
      this.insist(':');
      if (members.some(([other]) => other === key)) this.bad = true;
      members.push([key, this.value()]);
    } while (this.take(','));
    this.insist('}');
    return Object.fromEntries(members);
  }
  string(): string {
    let value = '';
    for (;;) {
      const char = this.text[this.at++];
      if (char === undefined || char < ' ') throw new SyntaxError();
      if (char === '"') break;
      value += char === '\\' ? this.escape() : char;
    }
    // Only escapes can be lone here: the text itself is well-formed.
    for (const char of value) if (char.length === 1 && char >= '\ud800' && char <= '\udfff') this.bad = true;
    return value;
  }
  escape(): string {
    const char = this.text[this.at++] ?? '';
    const plain = (
      { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', '/': '/' } as Record<string, string>
    )[char];
    if (plain !== undefined) return plain;
    const hex = this.text.slice(this.at, this.at + 4);
    if (char !== 'u' || !/^[0-9a-fA-F]{4}$/.test(hex)) throw new SyntaxError();
    this.at += 4;
    return String.fromCharCode(Number.parseInt(hex, 16));
  }
  number(): number {
    this.space();
    const match = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/.exec(this.text.slice(this.at));
    if (match === null) throw new SyntaxError();
    this.at += match[0].length;
    const isInteger = match[2] === undefined && match[3] === undefined;
    if (this.kind === 'event' && (!isInteger || match[0] === '-0')) this.bad = true;
    if (isInteger) {
      const exact = BigInt(match[0]);
      if (exact > 2n ** 53n - 1n || exact < 1n - 2n ** 53n) this.bad = true;
    } else if (Math.abs(Number(match[0])) === Infinity) this.bad = true;
    return Number(match[0]);
  }
}

/** Shape of a value in which the order of keys, own `__proto__` and all strings show. */
const show = (value: JsonValue): string => JSON.stringify(value);

function outcome(parse: () => JsonValue): string {
  try {
    return `value ${show(parse())}`;
  } catch (error) {
    if (error instanceof MatrixError) return error.errcode;
    throw error;
  }
}

function slowOutcome(text: string, kind: JsonKind): string {
  const parser = new SlowParser(text, kind);
  try {
    const value = parser.document();
    return parser.bad ? 'M_BAD_JSON' : `value ${show(value)}`;
  } catch (error) {
    if (error instanceof SyntaxError) return 'M_NOT_JSON';
    throw error;
  }
}

const numbers = [
  '0',
  '-0',
  '1',
  '-17',
  '01',
  '1.0',
  '1e3',
  '1E400',
  '-1e-7',
  '.5',
  '1.',
  '+1',
  '9007199254740991',
  '9007199254740992',
].concat(['-9007199254740991', '-9007199254740993', '123456789012345678901234567890', '-', 'NaN', 'Infinity']);
const strings = [
  '""',
  '"a"',
  '"b"',
  '"1"',
  '"__proto__"',
  '"\\ud800"',
  '"\\udc00"',
  '"\\ud83d\\ude00"',
  '"😀"',
  '"\\\\"',
  '"\\""',
  '":"',
].concat(['"1.5"', '"\\u0000"', '"{"', '"\\\\\\""', '"tab\t"', '"\\x"', '"\\ud83d"', '"e\\u0301"', '"\\uDBFF\\uDFFF"']);
const punctuation = ['{', '}', '[', ']', ':', ',', ' ', '\n', 'true', 'false', 'null', '\ufeff', "'", '/'];
const tokens = fc
  .array(fc.constantFrom(...numbers, ...strings, ...punctuation), { maxLength: 12 })
  .map((each) => each.join(''));

/** Well-formed structure around odd tokens, so that the interesting refusals are reached. */
const structured: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(...numbers, ...strings, 'true', 'null'),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc
      .array(fc.tuple(fc.constantFrom(...strings), tie('value')), { maxLength: 3 })
      .map((members) => `{${members.map(([key, value]) => `${key}:${value}`).join(' ,')}}`),
  ),
})).value;

describe('the JSON gate', () => {
  const kinds = fc.constantFrom<JsonKind>('any', 'event');

  test('agrees with a by-the-grammar parser on token soup', () => {
    fc.assert(
      fc.property(tokens, kinds, (text, kind) => {
        expect(outcome(() => parseJson(text, kind))).toBe(slowOutcome(text, kind));
      }),
      {
        numRuns: 5_000,
      },
    );
  });

  test('agrees with a by-the-grammar parser on well-formed structure around odd tokens', () => {
    fc.assert(
      fc.property(structured, kinds, (text, kind) => {
        expect(outcome(() => parseJson(text, kind))).toBe(slowOutcome(text, kind));
      }),
      { numRuns: 5_000 },
    );
  });

  test('agrees with a by-the-grammar parser on ordinary JSON with one character changed', () => {
    const mutated = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom(...Array.from('{}[]:,"\\0.e-d8 ')))
      .map(([text, at, char]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + char + text.slice(place + 1);
      });
    fc.assert(
      fc.property(
        mutated.filter((text) => text.isWellFormed()),
        kinds,
        (text, kind) => {
          expect(outcome(() => parseJson(text, kind))).toBe(slowOutcome(text, kind));
        },
      ),
      { numRuns: 3_000 },
    );
  });

  test('reads bytes as it reads text', () => {
    fc.assert(
      fc.property(structured, (text) => {
        expect(outcome(() => parseJson(new TextEncoder().encode(text), 'event'))).toBe(
          outcome(() => parseJson(text, 'event')),
        );
      }),
    );
  });

  test.each([
    ['a truncated multi-byte sequence', Uint8Array.of(0x22, 0xe2, 0x82, 0x22), 'M_NOT_JSON'],
    ['a surrogate in UTF-8', Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22), 'M_NOT_JSON'],
    ['an overlong slash', Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), 'M_NOT_JSON'],
    ['a byte order mark', Uint8Array.of(0xef, 0xbb, 0xbf, 0x7b, 0x7d), 'M_NOT_JSON'],
    ['nothing', new Uint8Array(0), 'M_NOT_JSON'],
    ['a raw lone surrogate', '"\ud800"', 'M_NOT_JSON'],
    ['two documents', '{"a":1}{"a":2}', 'M_NOT_JSON'],
    ['a comment', '{"a":1/*c*/}', 'M_NOT_JSON'],
    ['the same key twice', '{"a":1,"\\u0061":2}', 'M_BAD_JSON'],
    ['2^53', '[9007199254740992]', 'M_BAD_JSON'],
    ['a fraction of zero', '[1.0]', 'M_BAD_JSON'],
    ['a lone surrogate in a key', '{"\\udc00":1}', 'M_BAD_JSON'],
  ])('refuses %s', (_name, input, errcode) => expect(outcome(() => parseJson(input, 'event'))).toBe(errcode));

  test('refuses nesting beyond the limit and takes nesting at it', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(outcome(() => parseJson(nested(jsonDepthMax + 1), 'any'))).toBe('M_BAD_JSON');
    expect(outcome(() => parseJson(nested(100_000), 'any'))).toBe('M_BAD_JSON');
    expect(outcome(() => parseJson(nested(jsonDepthMax), 'any'))).toMatch(/^value/);
  });

  test('keeps __proto__ as an ordinary key and pollutes nothing', () => {
    const value = parseJsonObject(
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
      'event',
    );
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  // https://github.com/nodejs/node/issues/63785
  test.each([
    ['{"q":0,"\\\\":0}', '{"q":0,"\\u0061":0}', ['q', 'a']],
    ['{"q":0,"\\\\":0}', '{"q":0,"\\"":0}', ['q', '"']],
    ['{"r":0,"x\\\\":0}', '{"r":0,"x\\n":0}', ['r', 'x\n']],
    ['{"s":0,"\\\\n":0}', '{"s":[{"\\\\":1}],"\\nX":0}', ['s', '\nX']],
  ])('reads the keys of a text as they are after %s was read', (before, text, keys) => {
    parseJson(before, 'event');
    JSON.parse(before);
    expect(Object.keys(parseJsonObject(text, 'event'))).toEqual(keys);
  });

  test('never quotes the text in its message', () => {
    expect(() => parseJson('{"password":"hunter2"', 'any')).toThrow(
      /^The body is not JSON: the text cannot be parsed\.$/,
    );
  });

  test.each(['[]', '"x"', 'null', '3'])('parseJsonObject refuses %s', (text) =>
    expect(outcome(() => parseJsonObject(text, 'any'))).toBe('M_BAD_JSON'),
  );
});
