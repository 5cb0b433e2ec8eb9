// Reads the text of a registration file: YAML, then validate.ts. Every complaint carries file, line, place and reason, so that it can be
// printed as it is. Reading from disk is the caller's business.

import { YAMLException } from 'js-yaml';
import type { LineOf } from './locate-lines.ts';
import { readYaml } from './read-yaml.ts';
import type { Registration } from './registration.ts';
import { validateRegistration } from './validate.ts';
import { yamlReason } from './yaml-reason.ts';

/** A complaint as it is printed: `irc.yaml:12: namespaces.users[0].regex: …`. */
export interface Complaint {
  readonly file: string;
  readonly line: number;
  readonly path: string;
  readonly reason: string;
}

/** Either a registration, or why its file is refused. */
export type Loaded =
  | { readonly outcome: 'loaded'; readonly registration: Registration; readonly lineOf: LineOf }
  | { readonly outcome: 'refused'; readonly complaints: readonly Complaint[] };

export interface LoadOptions {
  /** Name that complaints carry. */
  readonly file: string;
  readonly serverName?: string;
}

/** Largest file, in characters. */
export const fileLengthMax = 1_048_576;

/** A registration from the text of its file; never throws. */
export function loadRegistration(source: string, options: LoadOptions): Loaded {
  const { file } = options;
  const refused = (line: number, reason: string): Loaded => ({
    outcome: 'refused',
    complaints: [{ file, line, path: '', reason }],
  });
  if (source.length > fileLengthMax) return refused(1, `larger than ${fileLengthMax} characters`);
  try {
    const { value, lineOf } = readYaml(source, file);
    const validation = validateRegistration(value, options.serverName);
    if (validation.outcome === 'valid') return { outcome: 'loaded', registration: validation.registration, lineOf };
    return {
      outcome: 'refused',
      complaints: validation.problems.map(({ path, reason }) => ({ file, line: lineOf(path), path, reason })),
    };
  } catch (error) {
    if (error instanceof YAMLException)
      return refused((error.mark?.line ?? 0) + 1, `is not YAML: ${yamlReason(error)}`);
    throw error;
  }
}

/** One line for people: `irc.yaml:12: namespaces.users[0].regex: is required`. */
export function formatComplaint(complaint: Complaint): string {
  const place = complaint.path === '' ? '' : `${complaint.path}: `;
  return `${complaint.file}:${complaint.line}: ${place}${complaint.reason}`;
}
