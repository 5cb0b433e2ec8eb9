// Canonical JSON: the one text of a value, which hashes and signatures cover. On the hot path of every event, so ordinary values take a
// short recursion; what nests deeper than a few levels is walked with an explicit stack, because a recursive walk of hostile nesting
// ends the process. Keys are ordered by code point: JavaScript's own order is by UTF-16 unit and puts integer-like keys first.
// https://spec.matrix.org/v1.19/appendices/#canonical-json

import { MatrixError } from '../errors/matrix-error.ts';
import type { JsonObject, JsonValue } from './json-value.ts';

/** Depth from which on the explicit stack takes over. */
const recursionMax = 32;

/** Which numbers pass: those of canonical JSON, or any, as in events of room versions 1 to 5. */
export type CanonicalNumbers = 'integers' | 'any';

/**
 * The canonical JSON text of a value. Members that are undefined are left out, as JSON.stringify does.
 *
 * @throws MatrixError M_BAD_JSON for a number that is no integer within ±(2^53−1), unless any passes
 */
export function canonicalJson(value: JsonValue, numbers: CanonicalNumbers = 'integers'): string {
  return write(value, numbers, 0);
}

/** Keys of an object in canonical order. */
export function canonicalKeys(object: JsonObject): string[] {
  const keys = Object.keys(object);
  let isSorted = true;
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as string;
    // From U+D800 on, the order of UTF-16 units is not the order of code points.
    if (wideUnit.test(key)) return keys.sort(byCodePoint);
    if (at > 0 && (keys[at - 1] as string) > key) isSorted = false;
  }
  return isSorted ? keys : sorted(keys);
}

/** Keys that are sorted in place; beyond them a real algorithm is worth its memory. */
const fewKeys = 16;

function sorted(keys: string[]): string[] {
  if (keys.length > fewKeys) return keys.sort();
  for (let at = 1; at < keys.length; at++) {
    const key = keys[at] as string;
    let to = at;
    for (; to > 0 && (keys[to - 1] as string) > key; to--) keys[to] = keys[to - 1] as string;
    keys[to] = key;
  }
  return keys;
}

const wideUnit = /[\ud800-\uffff]/;

function byCodePoint(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a === b) continue;
    // A surrogate stands for a code point above every single unit.
    const isSurrogateA = a >= 0xd800 && a <= 0xdfff;
    const isSurrogateB = b >= 0xd800 && b <= 0xdfff;
    if (isSurrogateA !== isSurrogateB) return isSurrogateA ? 1 : -1;
    return a - b;
  }
  return left.length - right.length;
}

function write(value: JsonValue, numbers: CanonicalNumbers, depth: number): string {
  if (typeof value !== 'object' || value === null) return scalar(value, numbers);
  if (depth >= recursionMax) return writeDeep(value, numbers);
  if (Array.isArray(value)) {
    let text = '[';
    for (let at = 0; at < value.length; at++) {
      if (at > 0) text += ',';
      text += write(value[at] as JsonValue, numbers, depth + 1);
    }
    return `${text}]`;
  }
  let text = '{';
  for (const key of canonicalKeys(value)) {
    const item = value[key];
    if (item === undefined) continue;
    if (text.length > 1) text += ',';
    text += `${JSON.stringify(key)}:${write(item, numbers, depth + 1)}`;
  }
  return `${text}}`;
}

/** Something that is being written: an array, or an object with its keys in order. */
interface Frame {
  readonly items: readonly JsonValue[];
  readonly keys: readonly string[] | undefined;
  next: number;
}

function writeDeep(root: JsonValue[] | JsonObject, numbers: CanonicalNumbers): string {
  const parts: string[] = [];
  const stack: Frame[] = [open(root, parts)];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    if (frame.next === frame.items.length) {
      parts.push(frame.keys === undefined ? ']' : '}');
      stack.pop();
      continue;
    }
    const item = frame.items[frame.next] as JsonValue;
    if (frame.next > 0) parts.push(',');
    if (frame.keys !== undefined) parts.push(JSON.stringify(frame.keys[frame.next]), ':');
    frame.next++;
    if (typeof item === 'object' && item !== null) stack.push(open(item, parts));
    else parts.push(scalar(item, numbers));
  }
  return parts.join('');
}

function open(value: JsonValue[] | JsonObject, parts: string[]): Frame {
  if (Array.isArray(value)) {
    parts.push('[');
    return { items: value, keys: undefined, next: 0 };
  }
  parts.push('{');
  const keys = canonicalKeys(value).filter((key) => value[key] !== undefined);
  return { items: keys.map((key) => value[key] as JsonValue), keys, next: 0 };
}

function scalar(value: null | boolean | number | string, numbers: CanonicalNumbers): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (numbers === 'integers' && !Number.isSafeInteger(value)) {
      throw new MatrixError('M_BAD_JSON', 'Numbers in events must be integers between -(2^53)+1 and 2^53-1.');
    }
    // -0 prints as 0.
    return String(value);
  }
  return value === null ? 'null' : value ? 'true' : 'false';
}
