// The linter's own reading of patterns against the engine that runs them, and what a backtracking engine would need.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRegex } from '../namespaces.ts';
import { countSteps } from './backtrack.ts';
import { compilePattern, literalPrefix, type Program } from './compile-pattern.ts';
import { findId, isAsWanted } from './find-id.ts';

function program(regex: string, options = {}): Program {
  const compiled = compilePattern(regex, options);
  if (compiled === undefined) throw new Error(`${regex} is too large`);
  return compiled;
}

/** A text that counts how often it is looked at. */
class CountingText extends String {
  reads = 0;
  override codePointAt(at: number): number | undefined {
    this.reads += 1;
    return super.codePointAt(at);
  }
  override charCodeAt(at: number): number {
    this.reads += 1;
    return super.charCodeAt(at);
  }
}

const syntax = [
  'a|b',
  '(?:a|b_)*c',
  '(?P<name>a+)b',
  '(?<name>a+)b',
  '(?i)Ab(?-i)Ab',
  '(?i:a)B',
  '((?i)a)B',
  'a(?i)b|c',
  '[]a]+',
  '[^]a]',
  '[[:alpha:]_]+[^[:alpha:]]',
  '[a\\]b-]+',
  '[\\d_]+',
  '\\Qa.b\\E+',
  '\\x61\\x{62}\\143',
  '\\pLx\\p{Lu}\\P{L}',
  'a{2}b{1,2}c{1,}d{0,1}',
  'a{,2}',
  'a{x',
  '{',
  'a??b*?c+?',
  '\\Aab\\z',
  '^ab$',
  '\\bab\\b.\\B',
  '(^a|b$)+',
  '\\.\\_\\-\\@',
  '.\\n?',
  '(?s).b',
  '()|a',
  '(|a)+b',
];

describe('a program', () => {
  const id = fc.oneof(
    fc.string({ maxLength: 8, unit: fc.constantFrom(...Array.from('abcABC_.-@[]x{,2}1\n')) }),
    fc.constantFrom('ab', 'a.b', 'abc', 'aabbcd', 'a{,2}', '{', 'a_b', 'Lx', 'axB1'),
  );
  it.each(syntax)('of %j says what the engine says', (regex) => {
    const [matches, compiled] = [compileRegex(regex), program(regex)];
    fc.assert(
      fc.property(id, (text) => {
        expect([text, isAsWanted(text, { must: [{ program: compiled, mode: 'start' }] })]).toEqual([
          text,
          matches(text),
        ]);
      }),
      { numRuns: 300 },
    );
  });

  it('is not made of what unrolls to too much', () => {
    expect(
      compilePattern(
        `(${Array.from('abcdefghijklmnopqrstu')
          .map((letter) => `${letter}{999}`)
          .join('|')})`,
      ),
    ).toBeUndefined();
  });

  it('begins with what all its matches begin with', () => {
    expect(literalPrefix(program('^@_irc\\_.*'))).toBe('@_irc_');
    expect(literalPrefix(program('@(a|b)'))).toBe('@');
    expect(literalPrefix(program('(?i)@a'))).toBe('@');
  });
});

describe('a search', () => {
  const ids = { sigil: '@', characters: 'ab_', server: 'x.y' };
  const start = (regex: string) => ({ program: program(regex), mode: 'start' }) as const;
  it.each([
    [['@a+b', '@.*_'], [], '@ab_:x.y'],
    [['@a', '@b'], [], undefined],
    [['@_.*'], ['@_a'], '@__b:x.y'],
    [['@[ab]*:x\\.y$'], ['@a', '@b'], undefined],
    [['@c'], [], undefined],
    [['@\\w+\\b:x'], ['@a', '@b'], '@_:x.y'],
  ])('for %j and not %j finds %s', (must, mustNot, expected) => {
    const found = findId(ids, { must: must.map(start), mustNot: mustNot.map(start) });
    if (expected === undefined) return expect(found).toEqual({ outcome: 'none' });
    expect(found.outcome).toBe('found');
    const id = found.outcome === 'found' ? found.id : '';
    expect(must.every((regex) => compileRegex(regex)(id)) && !mustNot.some((regex) => compileRegex(regex)(id))).toBe(
      true,
    );
    expect(id.length).toBeLessThanOrEqual(expected.length + 1);
  });

  it('gives up on what has too many states', () => {
    const wide = start('@(?:a|b)*a(?:a|b){30}_');
    const other = start('@(?:a|b)*b(?:a|b){30}_');
    expect(findId(ids, { must: [wide], mustNot: [other] }).outcome).toBe('undecided');
  });
});

describe('a backtracking engine', () => {
  it('needs steps that double with each letter of the worst id, and ours reads each letter once', () => {
    const steps = (length: number) => countSteps(program('^(a+)+$'), `${'a'.repeat(length)}!`, 10_000_000);
    expect(steps(18) / steps(17)).toBeGreaterThan(1.9);
    expect(steps(20) / steps(10)).toBeGreaterThan(1_000);
  });

  it.each([
    '^(a+)+$',
    '^(a|a)*$',
    '^(a|aa)+$',
    '(.*)*[bc]',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(a*)*(a*)*[cd]',
    '(?:a?){50}a{50}[bc]',
  ])('is not ours: of 10,000 letters each is read as often as of 100 (%s)', (regex) => {
    const matches = compileRegex(regex);
    const readsPerLetter = (length: number) => {
      const text = new CountingText(`${'a'.repeat(length)}!`);
      matches(text as unknown as string);
      return text.reads / length;
    };
    readsPerLetter(100);
    const [short, long] = [readsPerLetter(100), readsPerLetter(10_000)];
    expect(long).toBeGreaterThan(0.9);
    expect(long).toBeLessThanOrEqual(short + 1);
  });
});
