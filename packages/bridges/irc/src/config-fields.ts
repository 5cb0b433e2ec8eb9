// Small readers for a configuration: each takes a value from a file and gives it typed, with its default, or says in one line what
// is wrong and where. config.ts is written in them. Keys that nobody knows are refused with the nearest one that exists.

import { nearest } from '@pons/registration';

/** One mistake per line, each beginning with the place: `network.servers[0].port: must be 1 to 65535, is 99999`. */
export class ConfigMistakes extends Error {
  override readonly name = 'ConfigMistakes';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(mistakes.join('\n'));
    this.mistakes = mistakes;
  }
}

/** Reads one value; `place` is its path in the file, mistakes go into `mistakes`. */
export type Field<T> = (value: unknown, place: string, mistakes: string[]) => T;

/** The whole configuration. @throws {ConfigMistakes} with every mistake in it */
export function readConfig<T>(value: unknown, field: Field<T>): T {
  const mistakes: string[] = [];
  const config = field(value, '', mistakes);
  if (mistakes.length > 0) throw new ConfigMistakes(mistakes);
  return config;
}

/** A text that `check` finds nothing wrong with. Without a default it must be given. */
export function text(fallback?: string, check: (value: string) => string | null = () => null): Field<string> {
  return (value, place, mistakes) => {
    if (value === undefined && fallback !== undefined) return fallback;
    const wrong = typeof value === 'string' ? check(value) : value === undefined ? 'is missing' : 'must be a text';
    if (wrong !== null) mistakes.push(`${place}: ${wrong}`);
    return typeof value === 'string' ? value : '';
  };
}

/** A whole number within bounds. */
export function integer(min: number, max: number, fallback?: number): Field<number> {
  return number(min, max, fallback, Number.isSafeInteger, `must be a whole number from ${min} to ${max}`);
}

/** A number within bounds. */
export function number(
  min: number,
  max: number,
  fallback?: number,
  isOne: (value: number) => boolean = Number.isFinite,
  rule = `must be a number from ${min} to ${max}`,
): Field<number> {
  return (value, place, mistakes) => {
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value === 'number' && isOne(value) && value >= min && value <= max) return value;
    const is = typeof value === 'number' ? `, is ${value}` : '';
    mistakes.push(`${place}: ${value === undefined ? 'is missing' : `${rule}${is}`}`);
    return fallback ?? min;
  };
}

/** Yes or no. */
export function flag(fallback: boolean): Field<boolean> {
  return (value, place, mistakes) => {
    if (typeof value === 'boolean') return value;
    if (value !== undefined) mistakes.push(`${place}: must be true or false`);
    return fallback;
  };
}

/** What may be absent; `null` counts as absent. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return (value, place, mistakes) =>
    value === undefined || value === null ? undefined : field(value, place, mistakes);
}

/** A list of the same. */
export function list<T>(field: Field<T>, atLeast: number): Field<T[]> {
  return (value, place, mistakes) => {
    if (!Array.isArray(value) || value.length < atLeast) {
      mistakes.push(`${place}: must be a list${atLeast > 0 ? ` of at least ${atLeast}` : ''}`);
      return [];
    }
    return value.map((each: unknown, index) => field(each, `${place}[${index}]`, mistakes));
  };
}

/** Values by names that the person chooses; `check` says what is wrong with a name. */
export function named<T>(field: Field<T>, check: (name: string) => string | null): Field<[string, T][]> {
  return (value, place, mistakes) => {
    if (value === undefined) return [];
    const fields = fieldsOf(value);
    if (fields === null) {
      mistakes.push(`${place}: must hold one key per entry`);
      return [];
    }
    return Object.entries(fields).map(([name, each]) => {
      const wrong = check(name);
      if (wrong !== null) mistakes.push(`${place}.${name}: ${wrong}`);
      return [name, field(each ?? {}, `${place}.${name}`, mistakes)];
    });
  };
}

/** Known keys, each with its reader. An absent one is read as an empty one, so that its defaults hold. */
export function section<T extends object>(fields: { [K in keyof T]: Field<T[K]> }): Field<T> {
  return (value, place, mistakes) => {
    const given = fieldsOf(value ?? {});
    if (given === null) mistakes.push(`${place === '' ? 'the file' : place}: must hold keys and values`);
    const names = Object.keys(fields);
    for (const key of Object.keys(given ?? {})) {
      if (names.includes(key)) continue;
      mistakes.push(`${join(place, key)}: is not known here; did you mean ${nearest(key, names)}?`);
    }
    const entries = names.map((key) => {
      const field = fields[key as keyof T];
      return [key, field(given?.[key], join(place, key), mistakes)];
    });
    return Object.fromEntries(entries) as T;
  };
}

function fieldsOf(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function join(place: string, key: string): string {
  return place === '' ? key : `${place}.${key}`;
}
