// Ids that nobody has, inside a namespace: made from the plainest of its patterns, and tried against all of them, so that what is asked or
// said of them is the service's to answer.

import { compileNamespaces } from '@pons/registration';
import { Skipped } from '../outcome.ts';
import type { Bench } from './bench.ts';

/**
 * An id of a namespace; of one that names a single id, that one.
 *
 * @throws Skipped when there is none, or none that could be made up
 */
export function sampleId(bench: Bench, kind: 'users' | 'aliases'): string {
  const { registration, serverName } = bench.parts;
  const entries = registration.namespaces[kind];
  if (entries.length === 0) throw new Skipped(`the registration has no ${kind} namespace`);
  const inside = compileNamespaces(registration, serverName);
  const isInside = (id: string) => inside[kind === 'users' ? 'user' : 'alias'](id) !== 'outside';
  const fresh = bench.unique('conformance');
  for (const { regex } of entries) {
    const literal = /^\^?([@#][\w.=/-]*)/.exec(regex.replaceAll('\\', ''))?.[1];
    if (literal === undefined) continue;
    const prefix = literal.replace(/\.$/, '');
    for (const id of [`${prefix}${fresh}:${serverName}`, `${prefix}:${serverName}`]) if (isInside(id)) return id;
  }
  const patterns = entries.map(({ regex }) => regex).join(', ');
  throw new Skipped(`the kit cannot make up an id for ${patterns}: no pattern begins with plain letters`);
}
