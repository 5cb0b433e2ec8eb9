// The files that git knows or would add, read once, with the imports of the TypeScript ones.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path from the root for relative imports. */
  readonly target: string | undefined;
  readonly line: number;
}
export interface File {
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  readonly imports: readonly Import[];
}
/** A check answers one line per complaint: `path:line: what is wrong`. */
export type Check = (files: readonly File[]) => string[];

export const root = path.basename(path.resolve(import.meta.dirname, '../..'));
const base = path.resolve(import.meta.dirname, '../..');
const importPattern =
  /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*'([^']+)'|(?:^|\n)\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|new URL\(\s*'([^']+\.ts)',\s*import\.meta\.url/g;

function importsOf(file: string, text: string): Import[] {
  return [...text.matchAll(importPattern)].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? match[4] ?? '';
    const line = text.slice(0, (match.index ?? 0) + match[0].length).split('\n').length;
    const target = specifier.startsWith('.') ? path.posix.join(path.posix.dirname(file), specifier) : undefined;
    return { specifier, target, line };
  });
}

/** Every text file of the project. */
export function files(): File[] {
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: base, encoding: 'utf8' });
  return listed
    .split('\0')
    .filter(
      (file) =>
        /\.(ts|tsx|mjs|js|md|json|yaml|yml|sql|css|html|sh)$|^\.ci\/run$/.test(file) &&
        existsSync(path.join(base, file)),
    )
    .map((file) => {
      const text = readFileSync(path.join(base, file), 'utf8');
      return { path: file, text, lines: text.split('\n'), imports: /\.tsx?$/.test(file) ? importsOf(file, text) : [] };
    });
}
