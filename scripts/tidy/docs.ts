// The documents tell the truth where a machine can check it: relative links lead somewhere, and ARCHITECTURE.md shows the floors as they are.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { floors } from '../../packages/homeserver/src/floors.ts';
import type { Check } from './files.ts';

const base = path.resolve(import.meta.dirname, '../..');

/** Links and the picture of the floors. */
export const docs: Check = (files) => {
  const complaints: string[] = [];
  for (const file of files.filter(({ path: name }) => name.endsWith('.md'))) {
    file.lines.forEach((line, index) => {
      for (const match of line.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)) {
        if (!existsSync(path.join(base, path.dirname(file.path), match[1] ?? '')))
          complaints.push(`${file.path}:${index + 1}: dead link ${match[1]}`);
      }
    });
  }
  const architecture = files.find((file) => file.path === 'ARCHITECTURE.md');
  for (const [index, names] of floors.entries()) {
    const row = `${floors.length - 1 - index}  ${names.join('  ')}`;
    if (architecture !== undefined && !architecture.lines.some((line) => line.replace(/ {3,}.*$/, '') === row))
      complaints.push(`ARCHITECTURE.md:1: the floors must show the line "${row}"`);
  }
  return complaints;
};
