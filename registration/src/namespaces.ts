// Decides whether an id belongs to a namespace. Regular expressions run in RE2's linear time (an evil one cannot stop the server),
// case-sensitive, anchored at the start and open at the end: what every registration in the wild was written for.
// Users are those of this server only. The homeserver caches verdicts; here nothing is remembered.
// https://spec.matrix.org/v1.19/application-service-api/#registration

import { RE2JS } from 're2js';
import type { NamespaceEntry, Registration } from './registration.ts';

/** Longest regex that is compiled, in characters: a longer one is a mistake. */
export const regexLengthMax = 4096;

/** How an id stands to a namespace: outside, inside, or inside and nobody else's. */
export type NamespaceVerdict = 'outside' | 'shared' | 'exclusive';

/** Decides about ids of one kind. */
export type NamespaceMatcher = (id: string) => NamespaceVerdict;

/** All that one application service claims, compiled. */
export interface CompiledNamespaces {
  /** Verdict on a full user id; users of other servers are outside. The sender is inside, exclusively. */
  readonly user: NamespaceMatcher;
  readonly alias: NamespaceMatcher;
  readonly room: NamespaceMatcher;
}

/**
 * One regex as it is run: start-anchored.
 *
 * @returns whether the id matches
 * @throws Error of re2js with the reason when the regex is not one
 */
export function compileRegex(regex: string): (id: string) => boolean {
  if (regex.length > regexLengthMax) throw new Error(`longer than ${regexLengthMax} characters`);
  // Compiled alone first: `)|(.*` would otherwise close our group and escape the anchor.
  RE2JS.compile(regex);
  const anchored = RE2JS.compile(`\\A(?:${regex})`);
  return (id) => anchored.test(id);
}

/** Several entries as one matcher: exclusive if any exclusive entry matches, whatever their order. */
export function compileEntries(entries: readonly NamespaceEntry[]): NamespaceMatcher {
  if (entries.length === 0) return () => 'outside';
  const compiled = entries.map((entry) => ({ matches: compileRegex(entry.regex), exclusive: entry.exclusive }));
  return (id) => {
    let verdict: NamespaceVerdict = 'outside';
    for (const { matches, exclusive } of compiled) {
      if (verdict === 'shared' && !exclusive) continue;
      if (!matches(id)) continue;
      if (exclusive) return 'exclusive';
      verdict = 'shared';
    }
    return verdict;
  };
}

/** The server part of a user id or alias: everything after the first colon. */
function serverOf(id: string): string {
  const colon = id.indexOf(':');
  return colon === -1 ? '' : id.slice(colon + 1);
}

/**
 * All namespaces of a registration, for the server it is loaded by.
 *
 * @throws Error of re2js when a regex is not one; a validated registration never does
 */
export function compileNamespaces(registration: Registration, serverName: string): CompiledNamespaces {
  const users = compileEntries(registration.namespaces.users);
  const sender = `@${registration.senderLocalpart}:${serverName}`;
  return {
    user: (userId) => {
      if (userId === sender) return 'exclusive';
      return userId.startsWith('@') && serverOf(userId) === serverName ? users(userId) : 'outside';
    },
    alias: compileEntries(registration.namespaces.aliases),
    room: compileEntries(registration.namespaces.rooms),
  };
}
