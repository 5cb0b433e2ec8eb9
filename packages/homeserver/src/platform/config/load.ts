// Reads the configuration: YAML, `--set` and environment over it, then the schema. All mistakes are collected and shown at once,
// each as `homeserver.yaml:12: listeners[0].port: must be 1 to 65535, is 99999`.

import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { locateLines, yamlReason } from '@pons/registration';
import { load, parseEvents, YAMLException } from 'js-yaml';
import { OperatorError } from '../operator-error.ts';
import { type Config, completeConfig, configField } from './schema.ts';

/** Where the configuration comes from. */
export interface ConfigSource {
  readonly file: string;
  /** `listeners.0.port=8010`, in order. */
  readonly set?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A configuration that can be used, and what in it has no effect yet. */
export interface LoadedConfig {
  readonly config: Config;
  /** Keys that were given whose feature comes later. */
  readonly later: readonly string[];
}

/** Largest file; ours are a few kilobytes. */
const FILE_BYTES_MAX = 1_048_576;
const DEPTH_MAX = 32;
const ALIASES_MAX = 100;
/** Keys that the environment may set. */
const scalars = ['server_name', 'public_base_url', 'data_dir', 'signing_key_file', 'database'] as const;

/** @throws OperatorError with one line per mistake */
export function loadConfig({ file, set = [], env = {} }: ConfigSource): LoadedConfig {
  const { tree, lineOf } = parse(file, readText(file));
  const origins = new Map<string, string>();
  for (const key of scalars) {
    const name = `PONS_${key.toUpperCase()}`;
    const value = env[name];
    if (value === undefined) continue;
    tree[key] = value;
    origins.set(key, `environment ${name}`);
  }
  for (const assignment of set) origins.set(assign(tree, assignment), `--set ${assignment.split('=')[0]}`);
  const originOf = (path: string): string => {
    for (const [set, origin] of origins)
      if (path === set || path.startsWith(`${set}.`) || path.startsWith(`${set}[`)) return origin;
    return `${file}:${lineOf(path)}`;
  };
  return readTree(tree, dirname(resolve(file)), originOf);
}

/** A configuration from values at hand, for tests and for packages/pons. @throws OperatorError */
export function configFrom(values: object, folder: string): Config {
  return readTree({ ...values }, folder, () => 'configuration').config;
}

function readTree(tree: object, folder: string, originOf: (path: string) => string): LoadedConfig {
  const lines: string[] = [];
  const later: string[] = [];
  const written = configField.read(tree, '', {
    folder,
    problem: (path, reason) => lines.push(`${originOf(path)}: ${path === '' ? '' : `${path}: `}${reason}`),
    later: (path) => later.push(path),
  });
  if (lines.length > 0) throw new OperatorError(lines);
  // Defaults are written like the file's values: relative to it.
  return { config: completeConfig({ ...written, dataDir: resolve(folder, written.dataDir) }), later };
}

function readText(file: string): string {
  try {
    const text = readFileSync(file, 'utf8');
    if (text.length <= FILE_BYTES_MAX) return text;
  } catch (error) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new OperatorError([`${file}: ${reason}`], { cause: error });
  }
  throw new OperatorError([`${file}: is larger than ${FILE_BYTES_MAX} bytes`]);
}

function parse(file: string, source: string): { tree: Record<string, unknown>; lineOf: (path: string) => number } {
  try {
    const lineOf = locateLines(source, parseEvents(source, { filename: file, maxDepth: DEPTH_MAX }));
    const tree: unknown = load(source, { filename: file, maxDepth: DEPTH_MAX, maxAliases: ALIASES_MAX });
    if (typeof tree === 'object' && tree !== null && !Array.isArray(tree)) return { tree: { ...tree }, lineOf };
    throw new OperatorError([`${file}:1: must be keys and values, such as server_name: example.org`]);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new OperatorError([`${file}:${(error.mark?.line ?? 0) + 1}: is not YAML: ${yamlReason(error)}`]);
  }
}

/** Puts `a.b.0.c=value` into the tree; answers the path as problems write it: `a.b[0].c`. */
function assign(tree: Record<string, unknown>, assignment: string): string {
  const mark = assignment.indexOf('=');
  const steps = assignment.slice(0, Math.max(0, mark)).split('.');
  if (mark < 1 || steps.some((step) => !/^\w+$/.test(step) || step === '__proto__')) {
    throw new OperatorError([`--set ${assignment}: must be key=value, such as listeners.0.port=8010`]);
  }
  let at: Record<string, unknown> = tree;
  for (const [index, step] of steps.slice(0, -1).entries()) {
    const below = at[step];
    const next =
      typeof below === 'object' && below !== null ? copy(below) : /^\d+$/.test(steps[index + 1] ?? '') ? [] : {};
    at[step] = next;
    at = next as Record<string, unknown>;
  }
  at[steps.at(-1) ?? ''] = valueOf(assignment.slice(mark + 1));
  return steps.map((step, index) => (/^\d+$/.test(step) ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

function copy(value: object): object {
  return Array.isArray(value) ? [...(value as unknown[])] : { ...value };
}

function valueOf(text: string): unknown {
  try {
    return load(text);
  } catch {
    // Not YAML (`{` in a password): the text as it is.
    return text;
  }
}
