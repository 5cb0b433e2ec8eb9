// homeserver.example.yaml from the schema: every key with its meaning, what it takes and its default. A test compares the file.

import { dump } from 'js-yaml';
import type { Field } from './field.ts';
import { configShape } from './schema.ts';

const head = `# The configuration of a Pons homeserver, with every key. Made from packages/homeserver/src/platform/config.
# A key that is commented out has the value shown only as an example. Relative paths are relative to this file.
# Override for one run: --set listeners.0.port=8010, or PONS_SERVER_NAME=example.org for the keys at the top.
`;

/** Longest line of a comment. */
const WIDTH = 110;

/** The text of homeserver.example.yaml. */
export function exampleConfig(): string {
  const parts = Object.entries(configShape).map(([name, field]) => printField(name, field as Field<unknown>, ''));
  return `${head}\n${parts.join('\n')}`;
}

function printField(name: string, field: Field<unknown>, indent: string): string {
  const about = `${field.about}${field.later === true ? ' Accepted; its feature comes later.' : ''}`;
  const comment = wrap(about, WIDTH - indent.length).map((line) => `${indent}# ${line}\n`);
  if (field.shape !== undefined)
    return `${comment.join('')}${indent}${name}:\n${printShape(name, field.shape, indent)}`;
  const fallback = field.fallback?.();
  const known = fallback !== undefined && fallback !== null && field.example === undefined;
  const commented = !known && field.fallback !== undefined && typeof field.example !== 'string';
  const value = known ? fallback : (field.example ?? null);
  return `${comment.join('')}${indent}${commented || needsChoice(field) ? '# ' : ''}${name}: ${inline(value)}\n`;
}

// A default of null means that the key stays away: the example's value is only an example.
function needsChoice(field: Field<unknown>): boolean {
  return field.fallback !== undefined && (field.fallback() === null || field.fallback() === undefined);
}

function printShape(name: string, shape: Readonly<Record<string, Field<unknown>>>, indent: string): string {
  const inner = `${indent}  `;
  const fields = Object.entries(shape).map(([key, field]) => printField(key, field, inner));
  if (name !== 'listeners') return fields.join('');
  const [first = '', ...rest] = fields;
  // The first key of a list's item carries the dash.
  return [
    first.replace(/^( *)(\w+:)/m, '$1- $2'),
    ...rest.map((text) => text.replace(/^/gm, '  ').trimEnd() + '\n'),
  ].join('');
}

function inline(value: unknown): string {
  return dump(value, { flowLevel: 0, lineWidth: -1 }).trim();
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
