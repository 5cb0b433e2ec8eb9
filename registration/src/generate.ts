// Makes a registration file: `pons registration generate` and bridges' own set-up. The text is written by hand, not dumped, so that it
// explains itself to the person who opens it.

import { serverIn } from './lint-namespaces.ts';
import type { NamespaceEntries, NamespaceEntry } from './registration.ts';

/** What goes into a new file; tokens are the caller's (256 random bits each, e.g. 64 hex digits). */
export interface RegistrationDraft {
  readonly id: string;
  readonly url: string | null;
  readonly asToken: string;
  readonly hsToken: string;
  readonly senderLocalpart: string;
  readonly namespaces: NamespaceEntries;
  readonly rateLimited?: boolean;
  readonly protocols?: readonly string[];
  /** Yes, unless there is no url to send it to. */
  readonly receiveEphemeral?: boolean;
}

/** Escapes what a regular expression would take as its own. */
export function quoteRegex(literal: string): string {
  return literal.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** Regex of all users or aliases of a server that begin with a prefix, covering the whole id. */
export function prefixRegex(sigil: '@' | '#', prefix: string, serverName: string): string {
  return `^${sigil}${quoteRegex(prefix)}.*:${quoteRegex(serverName)}$`;
}

/**
 * The same pattern, saying where an id begins and, if it names the server, that it ends there: what homeservers that look anywhere in an id
 * (Dendrite, tuwunel, continuwuity) need to read it as the others do. What it matches on that server stays the same.
 */
export function anchored(regex: string): string {
  // An alternative of its own would be anchored on one side only.
  const one = /(?<!\\)\|/.test(regex) ? `(?:${regex})` : regex;
  return `${one.startsWith('^') ? '' : '^'}${one}${serverIn(one) === undefined || one.endsWith('$') ? '' : '$'}`;
}

/** The text of a registration file. JSON strings are YAML strings, so every value is quoted safely. */
export function generateRegistration(draft: RegistrationDraft): string {
  const quoted = (value: string) => JSON.stringify(value);
  const entries = (kind: keyof NamespaceEntries) => namespaceLines(kind, draft.namespaces[kind]);
  return [
    '# Registration of an application service: the homeserver and the bridge read the same file. Keep it secret.',
    `id: ${quoted(draft.id)}`,
    `url: ${draft.url === null ? 'null' : quoted(draft.url)}`,
    `as_token: ${quoted(draft.asToken)}`,
    `hs_token: ${quoted(draft.hsToken)}`,
    `sender_localpart: ${quoted(draft.senderLocalpart)}`,
    `rate_limited: ${draft.rateLimited ?? false}`,
    `receive_ephemeral: ${draft.receiveEphemeral ?? draft.url !== null}`,
    ...(draft.protocols === undefined || draft.protocols.length === 0
      ? []
      : ['protocols:', ...draft.protocols.map((protocol) => `  - ${quoted(protocol)}`)]),
    'namespaces:',
    ...entries('users'),
    ...entries('aliases'),
    ...entries('rooms'),
    '',
  ].join('\n');
}

function namespaceLines(kind: string, entries: readonly NamespaceEntry[]): string[] {
  if (entries.length === 0) return [`  ${kind}: []`];
  return [
    `  ${kind}:`,
    ...entries.flatMap(({ regex, exclusive }) => [
      `    - regex: ${JSON.stringify(regex)}`,
      `      exclusive: ${exclusive}`,
    ]),
  ];
}
