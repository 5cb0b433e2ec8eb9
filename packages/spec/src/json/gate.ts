// The one strict JSON parser for everything that comes from outside (requests, federation, application services, files).
// readJson reads the text; one scan over the text finds what it lets through: numbers that do not survive, duplicate keys (the text
// then has more colons outside strings than the tree has keys) and nesting too deep to serialise again; lone surrogates show in the tree.
// Events are held to canonical JSON: integers within ±(2^53−1), no fraction, no exponent, no −0.
// https://spec.matrix.org/v1.19/appendices/#canonical-json

import { MatrixError } from '../errors/matrix-error.ts';
import { jsonDepthMax } from './json-depth.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json-value.ts';
import { endOfString, readJson } from './read-json.ts';

/** `event`: becomes part of an event, so canonical numbers only. `any`: fractions are welcome as well. */
export type JsonKind = 'any' | 'event';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const surrogateEscape = /\\u[dD][89a-fA-F]/;
/** Every integer of at most 15 digits is safe. */
const safeDigits = 15;

/**
 * Parses JSON strictly.
 *
 * @throws MatrixError M_NOT_JSON for what is not JSON in UTF-8, M_BAD_JSON for JSON that Matrix or this server cannot carry
 */
export function parseJson(input: Uint8Array | string, kind: JsonKind): JsonValue {
  const text = typeof input === 'string' ? input : decode(input);
  if (typeof input === 'string' && !text.isWellFormed()) throw notJson('lone surrogates have no form in UTF-8');
  const value = read(text);
  const colons = scan(text, kind);
  if (keysIn(value, surrogateEscape.test(text)) !== colons) throw badJson('an object has the same key twice');
  return value;
}

/**
 * Parses JSON strictly and insists on an object, as nearly every endpoint does.
 *
 * @throws MatrixError as parseJson; M_BAD_JSON for another value than an object
 */
export function parseJsonObject(input: Uint8Array | string, kind: JsonKind): JsonObject {
  const value = parseJson(input, kind);
  if (!isJsonObject(value)) throw badJson('an object is expected');
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    // The only way to fail here is malformed UTF-8.
    throw notJson('the bytes are not valid UTF-8');
  }
}

function read(text: string): JsonValue {
  try {
    return readJson(text);
  } catch (error) {
    if (error instanceof RangeError) throw tooDeep();
    // The parser's own message quotes the text, which may be private.
    throw notJson('the text cannot be parsed');
  }
}

/** Walks over valid JSON text; answers how many colons stand outside strings. */
function scan(text: string, kind: JsonKind): number {
  let colons = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = endOfString(text, at);
    else if (code === 0x3a) colons++;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > jsonDepthMax) throw tooDeep();
    } else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const end = endOfNumber(text, at);
      checkNumber(text.slice(at, end), kind);
      at = end - 1;
    }
  }
  return colons;
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length) {
    const code = text.charCodeAt(end);
    const inNumber =
      (code >= 0x30 && code <= 0x39) ||
      code === 0x2e ||
      code === 0x65 ||
      code === 0x45 ||
      code === 0x2b ||
      code === 0x2d;
    if (!inNumber) break;
    end++;
  }
  return end;
}

function checkNumber(token: string, kind: JsonKind): void {
  const isInteger = /^-?[0-9]+$/.test(token);
  if (kind === 'event') {
    if (!isInteger) throw badJson('numbers must be integers without fraction or exponent');
    if (token === '-0') throw badJson('-0 must not appear');
  }
  if (isInteger) {
    if (token.length > safeDigits && !Number.isSafeInteger(Number(token))) {
      throw badJson('integers must be between -(2^53)+1 and 2^53-1');
    }
  } else if (!Number.isFinite(Number(token))) throw badJson('a number is too large');
}

/** How many keys the tree has. With `checkText`, every string in it must have a form in UTF-8. */
function keysIn(root: JsonValue, checkText: boolean): number {
  let keys = 0;
  const stack: JsonValue[] = [root];
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (typeof value === 'string') {
      if (checkText && !value.isWellFormed()) throw badJson('a string has a lone surrogate');
    } else if (Array.isArray(value)) {
      for (const item of value) if (isWorthVisiting(item, checkText)) stack.push(item);
    } else if (typeof value === 'object' && value !== null) {
      const names = Object.keys(value);
      keys += names.length;
      for (const name of names) {
        if (checkText && !name.isWellFormed()) throw badJson('a key has a lone surrogate');
        const item = value[name];
        if (item !== undefined && isWorthVisiting(item, checkText)) stack.push(item);
      }
    }
  }
  return keys;
}

function isWorthVisiting(value: JsonValue, checkText: boolean): boolean {
  return (typeof value === 'object' && value !== null) || (checkText && typeof value === 'string');
}

function tooDeep(): MatrixError {
  return badJson(`nesting is deeper than ${jsonDepthMax} levels`);
}

function notJson(why: string): MatrixError {
  return new MatrixError('M_NOT_JSON', `The body is not JSON: ${why}.`);
}

function badJson(why: string): MatrixError {
  return new MatrixError('M_BAD_JSON', `The JSON cannot be accepted: ${why}.`);
}
