// Readers for the values of a registration file: each gives the value typed, or complains with the place and the reason and gives what
// stands in for it, so that one look at the file finds every mistake. Used by validate.ts and pons-block.ts.

/** Takes one complaint, at a path such as `namespaces.users[0].regex`. */
export type Complain = (path: string, reason: string) => void;
/** A mapping of the file. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether the value is a mapping. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text that is there and not empty, or a complaint and ''. */
export function text(value: unknown, path: string, complain: Complain): string {
  if (typeof value === 'string' && value !== '') return value;
  if (value === undefined || value === null) complain(path, 'is required');
  else if (value === '') complain(path, 'must not be empty');
  else complain(path, `must be text, is ${kindOf(value)}${typeof value === 'number' ? ': put it in quotes' : ''}`);
  return '';
}

/** true or false; absent and null mean `fallback`. */
export function flag(value: unknown, path: string, fallback: boolean, complain: Complain): boolean {
  if (value === undefined || value === null) return fallback;
  if (typeof value === 'boolean') return value;
  complain(path, `must be true or false, is ${kindOf(value)}`);
  return fallback;
}

/** A list of texts; absent and null mean the empty one. */
export function texts(value: unknown, path: string, complain: Complain): readonly string[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((one: unknown, index) => text(one, `${path}[${index}]`, complain));
  complain(path, `must be a list of texts, is ${kindOf(value)}`);
  return [];
}

/** A whole number within bounds; absent and null mean `undefined`. */
export function integer(
  value: unknown,
  path: string,
  { min, max }: { readonly min: number; readonly max: number },
  complain: Complain,
): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  complain(
    path,
    `must be a whole number from ${min} to ${max}, is ${typeof value === 'number' ? value : kindOf(value)}`,
  );
  return undefined;
}

/** What a wrong value is, for people. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
}

/** Paths of the keys of a mapping that are not among the known ones. */
export function unknownKeys(fields: Fields, known: Iterable<string>, path: string): string[] {
  const names = new Set(known);
  return Object.keys(fields)
    .filter((key) => !names.has(key))
    .map((key) => (path === '' ? key : `${path}.${key}`));
}
