// The words in which sections/ describe the configuration: each field knows how to read its value, what it is when absent, and what to
// say about itself in homeserver.example.yaml. Nothing is thrown while reading: every mistake is collected, so that all are shown at once.

import { resolve } from 'node:path';
import { nearest } from '@pons/registration';

/** Where mistakes go, and what relative paths are relative to. */
export interface Reading {
  readonly folder: string;
  /** @param path  as `listeners[0].port` */
  problem(path: string, reason: string): void;
  /** A key is accepted whose feature does not exist yet. */
  later(path: string): void;
}

/** One kind of value. */
export interface Field<T> {
  /** What the operator may write, for messages and the example: `1 to 65535`. */
  readonly takes: string;
  /** The value of an absent key; `undefined` when it must be given. */
  readonly fallback: (() => T) | undefined;
  /** What it is for and in which unit, one line. */
  readonly about: string;
  /** Shown in the example when there is no default to show. */
  readonly example?: unknown;
  /** Its feature does not exist yet: accepted, and said so. */
  readonly later?: boolean;
  readonly shape?: Readonly<Record<string, Field<unknown>>>;
  read(value: unknown, path: string, reading: Reading): T;
}

/** What a field reads. */
export type Read<F> = F extends Field<infer T> ? T : never;

type Camel<S extends string> = S extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;

/** What an object of fields reads: its keys as TypeScript writes them. */
export type ReadShape<S> = { readonly [K in keyof S as Camel<K & string>]: Read<S[K]> };

/** Sets meaning and default of a field. */
export interface Meaning<T> {
  readonly about: string;
  readonly fallback?: () => T;
  readonly example?: unknown;
  readonly later?: boolean;
}

// What a mistaken value is read as: the run ends before anybody uses it.
const unusable = undefined as never;

function field<T>(takes: string, meaning: Meaning<T>, read: Field<T>['read']): Field<T> {
  return { takes, fallback: meaning.fallback, read, ...meaning } as Field<T>;
}

/** Text, not empty. */
export function text(
  meaning: Meaning<string>,
  pattern?: { readonly is: RegExp; readonly takes: string },
): Field<string> {
  const takes = pattern?.takes ?? 'text';
  return field(takes, meaning, (value, path, reading) => {
    if (typeof value === 'string' && value !== '' && (pattern === undefined || pattern.is.test(value))) return value;
    reading.problem(path, `must be ${takes}, is ${shown(value)}`);
    return unusable;
  });
}

/** A path, relative to the configuration file. */
export function path(meaning: Meaning<string>): Field<string> {
  return field('a path', meaning, (value, at, reading) => {
    if (typeof value === 'string' && value !== '') return resolve(reading.folder, value);
    reading.problem(at, `must be a path, is ${shown(value)}`);
    return unusable;
  });
}

/** A whole number within bounds. */
export function integer(min: number, max: number, meaning: Meaning<number>): Field<number> {
  return field(`${min} to ${max}`, meaning, (value, at, reading) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    reading.problem(at, `must be ${min} to ${max}, is ${shown(value)}`);
    return unusable;
  });
}

/** A number above zero. */
export function positive(meaning: Meaning<number>): Field<number> {
  return field('a number above 0', meaning, (value, at, reading) => {
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
    reading.problem(at, `must be a number above 0, is ${shown(value)}`);
    return unusable;
  });
}

/** true or false. */
export function flag(meaning: Meaning<boolean>): Field<boolean> {
  return field('true or false', meaning, (value, at, reading) => {
    if (typeof value === 'boolean') return value;
    reading.problem(at, `must be true or false, is ${shown(value)}`);
    return unusable;
  });
}

/** One of some words. */
export function choice<const W extends string>(words: readonly W[], meaning: Meaning<W>): Field<W> {
  const takes = words.join(' or ');
  return field(takes, meaning, (value, at, reading) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    // YAML takes the word for a number, or for true.
    const meant = words.find((word) => typeof value !== 'string' && word === String(value));
    const instead = meant === undefined ? '' : `: write it quoted: "${meant}"`;
    reading.problem(at, `must be ${takes}, is ${shown(value)}${instead}`);
    return unusable;
  });
}

/** A list. */
export function list<T>(of: Field<T>, meaning: Meaning<readonly T[]>): Field<readonly T[]> {
  return field(`a list of ${of.takes}`, meaning, (value, at, reading) => {
    if (Array.isArray(value)) return value.map((item, index) => of.read(item, `${at}[${index}]`, reading));
    reading.problem(at, `must be a list, is ${shown(value)}`);
    return unusable;
  });
}

/** `null` for none, else another field's value. */
export function orNull<T>(of: Field<T>, meaning: Meaning<T | null>): Field<T | null> {
  return field(`null or ${of.takes}`, meaning, (value, at, reading) =>
    value === null ? null : of.read(value, at, reading),
  );
}

/** Several fields in one. An unknown key is refused, naming the nearest known one. */
export function section<S extends Record<string, Field<unknown>>>(
  shape: S,
  meaning: Meaning<ReadShape<S>>,
): Field<ReadShape<S>> {
  const read = (value: unknown, at: string, reading: Reading): ReadShape<S> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      reading.problem(at, `must have the keys ${Object.keys(shape).join(', ')}, is ${shown(value)}`);
      return unusable;
    }
    const given = value as Record<string, unknown>;
    for (const name of Object.keys(given)) {
      if (Object.hasOwn(shape, name)) continue;
      reading.problem(below(at, name), `is not known; the nearest key is ${nearest(name, Object.keys(shape))}`);
    }
    return readShape(shape, given, at, reading);
  };
  return { ...field('keys', meaning, read), shape } as Field<ReadShape<S>>;
}

/** Anything at all: of features that do not exist yet. */
export function anything(meaning: Meaning<unknown>): Field<unknown> {
  return field('anything', meaning, (value) => value);
}

/** A field read by another function: for values of several forms. */
export function custom<T>(takes: string, meaning: Meaning<T>, read: Field<T>['read']): Field<T> {
  return field(takes, meaning, read);
}

/** The default of a section: that of all its fields. */
export function defaultsOf<S extends Record<string, Field<unknown>>>(shape: S): ReadShape<S> {
  const pairs = Object.entries(shape).map(([name, one]) => [camel(name), one.fallback?.()]);
  return Object.fromEntries(pairs) as ReadShape<S>;
}

function readShape<S extends Record<string, Field<unknown>>>(
  shape: S,
  given: Record<string, unknown>,
  at: string,
  reading: Reading,
): ReadShape<S> {
  const pairs = Object.entries(shape).map(([name, one]) => {
    const path = below(at, name);
    // A section whose keys are all commented out is null.
    if (given[name] === undefined || (given[name] === null && one.shape !== undefined)) {
      if (one.fallback === undefined) reading.problem(path, `is missing: ${one.takes}`);
      return [camel(name), one.fallback?.()];
    }
    if (one.later === true) reading.later(path);
    return [camel(name), one.read(given[name], path, reading)];
  });
  return Object.fromEntries(pairs) as ReadShape<S>;
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Longest value that a message repeats. */
const SHOWN_MAX = 60;

// Secrets are strings without a form of their own, so they are never wrong in a way that would show them here.
function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length > SHOWN_MAX ? `${json.slice(0, SHOWN_MAX)}…` : json;
}
