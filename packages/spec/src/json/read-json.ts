// JSON.parse, but for texts with an escape in a key: there V8 may answer another key than the text has. Once any text with a key that
// holds a backslash was parsed anywhere in the process, `{"q":0,"\u0061":0}` may come back with the key `\`: whoever can send one body
// could change the keys of others'. Such texts are rare; they are read by the grammar here. Everything else goes to JSON.parse.
// https://github.com/nodejs/node/issues/63785

import { jsonDepthMax } from './json-depth.ts';
import type { JsonValue } from './json-value.ts';

/**
 * Reads JSON text as JSON.parse should. For text of our own (stored events); what comes from outside goes through the gate.
 *
 * @throws SyntaxError when the text is not JSON; RangeError when a text with escaped keys nests deeper than jsonDepthMax
 */
export function readJson(text: string): JsonValue {
  if (!text.includes('\\') || !hasEscapedKey(text)) return JSON.parse(text) as JsonValue;
  return new Reader(text).document();
}

/** Index of the quote that closes the string opened at `open`, or -1. */
export function endOfString(text: string, open: number): number {
  let close = text.indexOf('"', open + 1);
  while (close !== -1 && isEscaped(text, close)) close = text.indexOf('"', close + 1);
  return close;
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === 0x5c) slashes++;
  return slashes % 2 === 1;
}

const spaces = /[ \t\r\n]*/y;

function afterSpaces(text: string, at: number): number {
  spaces.lastIndex = at;
  spaces.test(text);
  return spaces.lastIndex;
}

function hasEscapedKey(text: string): boolean {
  for (let open = text.indexOf('"'); open !== -1; ) {
    const close = endOfString(text, open);
    if (close === -1) return false;
    if (text[afterSpaces(text, close + 1)] === ':' && text.slice(open, close).includes('\\')) return true;
    open = text.indexOf('"', close + 1);
  }
  return false;
}

const literals = [
  ['null', null],
  ['true', true],
  ['false', false],
] as const;
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** Recursive descent over the grammar. Strings and numbers alone are safe with JSON.parse. */
class Reader {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): JsonValue {
    const value = this.#value();
    if (afterSpaces(this.#text, this.#at) !== this.#text.length) throw new SyntaxError('text after the value');
    return value;
  }

  #value(): JsonValue {
    if (this.#take('{')) return this.#nested(() => this.#members());
    if (this.#take('[')) return this.#nested(() => this.#items());
    if (this.#text[this.#at] === '"') return this.#string();
    for (const [word, value] of literals) if (this.#take(word)) return value;
    number.lastIndex = this.#at;
    const match = number.exec(this.#text);
    if (match === null) throw new SyntaxError('no value');
    this.#at = number.lastIndex;
    return Number(match[0]);
  }

  #nested(read: () => JsonValue): JsonValue {
    if (++this.#depth > jsonDepthMax) throw new RangeError('nested too deep');
    const value = read();
    this.#depth--;
    return value;
  }

  #items(): JsonValue[] {
    const items: JsonValue[] = [];
    if (this.#take(']')) return items;
    do items.push(this.#value());
    while (this.#take(','));
    this.#insist(']');
    return items;
  }

  #members(): JsonValue {
    const members: [string, JsonValue][] = [];
    if (this.#take('}')) return {};
    do {
      const key = this.#string();
      this.#insist(':');
      members.push([key, this.#value()]);
    } while (this.#take(','));
    this.#insist('}');
    return Object.fromEntries(members);
  }

  #string(): string {
    const open = afterSpaces(this.#text, this.#at);
    const close = this.#text[open] === '"' ? endOfString(this.#text, open) : -1;
    if (close === -1) throw new SyntaxError('no string');
    this.#at = close + 1;
    return JSON.parse(this.#text.slice(open, this.#at)) as string;
  }

  #take(token: string): boolean {
    this.#at = afterSpaces(this.#text, this.#at);
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #insist(token: string): void {
    if (!this.#take(token)) throw new SyntaxError(`no ${token}`);
  }
}
