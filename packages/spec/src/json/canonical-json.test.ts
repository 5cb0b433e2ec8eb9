// Canonical JSON: the specification's examples, and random values against a second implementation.
// https://spec.matrix.org/v1.19/appendices/#canonical-json

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { parseJson } from './gate.ts';
import type { JsonValue } from './json-value.ts';

/** A second implementation, written from the grammar: code points compared one by one, every escape by hand. */
function slowCanonical(value: JsonValue): string {
  if (value === null || typeof value === 'boolean') return `${value}`;
  if (typeof value === 'number') return BigInt(value).toString();
  if (typeof value === 'string') return slowString(value);
  if (Array.isArray(value)) return `[${value.map(slowCanonical).join(',')}]`;
  const members = Object.entries(value).sort(([left], [right]) => compareCodePoints(left, right));
  return `{${members.map(([key, item]) => `${slowString(key)}:${slowCanonical(item)}`).join(',')}}`;
}

function slowString(text: string): string {
  const short: Record<string, string> = {
    '\b': '\\b',
    '\t': '\\t',
    '\n': '\\n',
    '\f': '\\f',
    '\r': '\\r',
    '"': '\\"',
    '\\': '\\\\',
  };
  const chars = Array.from(text, (char) => {
    if (short[char] !== undefined) return short[char];
    return char < ' ' ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}` : char;
  });
  return `"${chars.join('')}"`;
}

function compareCodePoints(left: string, right: string): number {
  const a = Array.from(left, (char) => char.codePointAt(0) ?? 0);
  const b = Array.from(right, (char) => char.codePointAt(0) ?? 0);
  for (const [at, point] of a.entries()) {
    const other = b[at];
    if (other === undefined) return 1;
    if (point !== other) return point - other;
  }
  return a.length - b.length;
}

const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('1', '10', '2', '-1', '__proto__', 'a', '\uffff', '\ue000', '😀', '\u{10ffff}', ''),
);
const json: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value;

const wrap = (value: JsonValue, depth: number) => {
  let wrapped = value;
  for (let level = 0; level < depth; level++) wrapped = level % 2 === 0 ? [wrapped] : { b: wrapped, a: 1 };
  return wrapped;
};

describe('canonical JSON', () => {
  // https://spec.matrix.org/v1.19/appendices/#examples
  test.each([
    ['{}', '{}'],
    ['{"one": 1, "two": "Two"}', '{"one":1,"two":"Two"}'],
    ['{"b": "2", "a": "1"}', '{"a":"1","b":"2"}'],
    [
      '{"auth":{"success":true,"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":[{"medium":"email","address":"john.doe@example.org"},{"medium":"msisdn","address":"123456789"}]}}}',
      '{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":[{"address":"john.doe@example.org","medium":"email"},{"address":"123456789","medium":"msisdn"}]},"success":true}}',
    ],
    ['{"a": "日本語"}', '{"a":"日本語"}'],
    ['{"本": 2, "日": 1}', '{"日":1,"本":2}'],
    ['{"a": "\\u65E5"}', '{"a":"日"}'],
    ['{"a": null}', '{"a":null}'],
    ['{"a": -0, "b": 1e10}', '{"a":0,"b":10000000000}'],
  ])('of %s is as the specification says', (text, canonical) =>
    expect(canonicalJson(JSON.parse(text))).toBe(canonical),
  );

  test.each([0.5, 1e21, 2 ** 53, -1e-7])('has %d in it only where any number passes', (number) => {
    expect(() => canonicalJson([{ a: number }])).toThrow(expect.objectContaining({ errcode: 'M_BAD_JSON' }));
    expect(canonicalJson([{ a: number }], 'any')).toBe(`[{"a":${number}}]`);
    expect(canonicalJson(wrap(number, 60), 'any')).toContain(`${number}`);
  });

  test('agrees with a second implementation', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(value)).toBe(slowCanonical(value));
      }),
      { numRuns: 3_000 },
    );
  });

  test('agrees with a second implementation below the depth where the stack takes over', () => {
    fc.assert(
      fc.property(json, fc.integer({ min: 25, max: 60 }), (value, depth) => {
        expect(canonicalJson(wrap(value, depth))).toBe(slowCanonical(wrap(value, depth)));
      }),
    );
  });

  test('comes back unchanged through the gate', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(parseJson(text, 'event'))).toBe(text);
      }),
    );
  });

  test('does not put integer-like keys first', () =>
    expect(canonicalJson({ b: 1, 10: 2, 2: 3, '-1': 4 })).toBe('{"-1":4,"10":2,"2":3,"b":1}'));

  test('orders by code point where UTF-16 would not', () =>
    expect(canonicalJson({ '😀': 1, '\uffff': 2 })).toBe('{"\uffff":2,"😀":1}'));

  test('keeps an own __proto__', () =>
    expect(canonicalJson(JSON.parse('{"z":1,"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1},"z":1}'));

  test('writes nesting of 100,000 levels', () =>
    expect(canonicalJson(wrap(null, 100_000)).length).toBeGreaterThan(100_000));

  test.each([1.5, 2 ** 53, Number.NaN, Infinity])('refuses the number %d', (number) =>
    expect(() => canonicalJson([number])).toThrow(expect.objectContaining({ errcode: 'M_BAD_JSON' })),
  );

  test('leaves members out that are undefined', () =>
    expect(canonicalJson({ a: undefined, b: 1 } as unknown as JsonValue)).toBe('{"b":1}'));
});
