// The shape of a namespace's regular expression: alternatives, sequences, repetitions, and atoms that stand for one character. The engine
// (re2js) keeps its own to itself; the linter needs one to find ids by search instead of by guessing. Which characters an atom takes is
// asked of the engine, so that the two cannot disagree about classes and escapes; compile-pattern.ts makes a program of the result.
// Read only after the engine has accepted the expression: what is wrong here has been refused there.
// https://github.com/google/re2/wiki/Syntax

import { RE2JS } from 're2js';

/** What takes one character. */
export interface Atom {
  /** A literal that stands for itself alone; `undefined` for classes and folded letters. */
  readonly literal: string | undefined;
  readonly has: (character: string) => boolean;
}

/** Part of an expression. */
export type Node =
  | { readonly kind: 'atom'; readonly atom: Atom }
  | { readonly kind: 'assert'; readonly at: 'begin' | 'end' | 'boundary' | 'no boundary' }
  | { readonly kind: 'sequence'; readonly parts: readonly Node[] }
  | { readonly kind: 'either'; readonly options: readonly Node[] }
  | { readonly kind: 'repeat'; readonly body: Node; readonly min: number; readonly max: number };

/** What an expression is read with. */
export interface PatternOptions {
  /** Letters match in both cases, as some homeservers do. */
  readonly ignoreCase?: boolean;
}

interface Reader {
  readonly regex: string;
  at: number;
  flags: string;
}

/** Escapes that take more than one letter after the backslash, and those that stand for a place. */
const longEscape = /^\\(?:[pP](?:\{[^}]*\}|.)|x(?:\{[0-9A-Fa-f]+\}|[0-9A-Fa-f]{2})|[0-7]{1,3}|.)/su;
const bracket = /^\[\^?\]?(?:\[:\^?\w+:\]|\\[pPx]\{[^}]*\}|\\.|[^\]\\])*\]/su;
const counted = /^\{(\d+)(?:(,)(\d*))?\}/;
const places = { A: 'begin', z: 'end', b: 'boundary', B: 'no boundary' } as const;

/** The expression's shape. */
export function parsePattern(regex: string, { ignoreCase = false }: PatternOptions = {}): Node {
  return either({ regex, at: 0, flags: ignoreCase ? 'i' : '' });
}

function either(reader: Reader): Node {
  const { flags } = reader;
  const options = [sequence(reader)];
  while (reader.regex[reader.at] === '|') {
    reader.at += 1;
    options.push(sequence(reader));
  }
  // Flags set inside a group end with it.
  reader.flags = flags;
  return options.length === 1 ? options[0]! : { kind: 'either', options };
}

function sequence(reader: Reader): Node {
  const parts: Node[] = [];
  for (;;) {
    const character = reader.regex[reader.at];
    if (character === undefined || character === '|' || character === ')') return { kind: 'sequence', parts };
    if (/[*+?{]/.test(character)) {
      const bounds = repetition(reader);
      const body = parts.pop();
      if (bounds !== undefined && body !== undefined) {
        parts.push({ kind: 'repeat', body, ...bounds });
        continue;
      }
      if (body !== undefined) parts.push(body);
    }
    parts.push(...piece(reader));
  }
}

function repetition(reader: Reader): { min: number; max: number } | undefined {
  const rest = reader.regex.slice(reader.at);
  const braces = counted.exec(rest);
  if (rest.startsWith('{') && braces === null) return undefined;
  reader.at += braces?.[0].length ?? 1;
  // Lazy or greedy: the same ids match.
  if (reader.regex[reader.at] === '?') reader.at += 1;
  if (braces === null) return { min: rest.startsWith('+') ? 1 : 0, max: rest.startsWith('?') ? 1 : Infinity };
  const [, least = '', comma, most = ''] = braces;
  return { min: Number(least), max: comma === undefined ? Number(least) : most === '' ? Infinity : Number(most) };
}

function piece(reader: Reader): Node[] {
  const rest = reader.regex.slice(reader.at);
  if (rest.startsWith('(')) return group(reader, rest);
  if (rest.startsWith('^') || rest.startsWith('$')) {
    reader.at += 1;
    return [{ kind: 'assert', at: rest.startsWith('^') ? 'begin' : 'end' }];
  }
  if (rest.startsWith('\\Q')) {
    const end = rest.indexOf('\\E', 2);
    reader.at += end === -1 ? rest.length : end + 2;
    const quoted = rest.slice(2, end === -1 ? undefined : end);
    return Array.from(quoted, (character) => atomOf(RE2JS.quote(character), reader.flags));
  }
  const place = places[(/^\\([AzbB])/.exec(rest)?.[1] ?? '') as keyof typeof places];
  if (place !== undefined) {
    reader.at += 2;
    return [{ kind: 'assert', at: place }];
  }
  const source =
    longEscape.exec(rest)?.[0] ?? bracket.exec(rest)?.[0] ?? String.fromCodePoint(rest.codePointAt(0) ?? 0);
  reader.at += source.length;
  return [atomOf(source, reader.flags)];
}

function group(reader: Reader, rest: string): Node[] {
  const { flags } = reader;
  const [opening = '(', on = '', off = '', end = ''] =
    /^\(\?(?:P?<\w+>|([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)]))/.exec(rest) ?? [];
  reader.at += opening.length;
  reader.flags = [...new Set(Array.from(reader.flags + on))].filter((flag) => !off.includes(flag)).join('');
  if (end === ')') return [];
  const inner = either(reader);
  reader.at += 1;
  reader.flags = flags;
  return [inner];
}

function atomOf(source: string, flags: string): Node {
  const plain = source.length > 1 && /^\\[^a-zA-Z0-9]$/.test(source) ? source.slice(1) : source;
  const isLiteral = Array.from(plain).length === 1 && (plain !== source || !/[.{[\\]/.test(plain) || plain === '{');
  if (isLiteral && !(flags.includes('i') && plain.toLowerCase() !== plain.toUpperCase()))
    return { kind: 'atom', atom: { literal: plain, has: (character) => character === plain } };
  const shown = plain === '{' ? '\\{' : source;
  const compiled = RE2JS.compile(`\\A(?${flags.replace(/[^is]/g, '')}:${shown})\\z`);
  const known = new Map<string, boolean>();
  return {
    kind: 'atom',
    atom: {
      literal: undefined,
      has(character) {
        const before = known.get(character);
        if (before !== undefined) return before;
        const now = compiled.test(character);
        known.set(character, now);
        return now;
      },
    },
  };
}
