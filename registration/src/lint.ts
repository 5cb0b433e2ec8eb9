// What is unwise in registrations without being refused: printed at load, by `pons registration check` and `pons config check`.
// Start-anchored matching is what runs, so a regex that does not cover the whole id is a warning that names whom it would grab.

import { compileEntries, compileNamespaces } from './namespaces.ts';
import type { NamespaceEntry, Registration } from './registration.ts';

/** One warning about one registration. */
export interface LintWarning {
  readonly id: string;
  readonly path: string;
  readonly reason: string;
}

const humans = ['alice', 'admin', 'bob', 'root', 'maria'];
const kinds = ['users', 'aliases', 'rooms'] as const;
const sigils = { users: '@', aliases: '#', rooms: '!' } as const;

/** Warnings about one registration, as this server would run it. */
export function lintRegistration(registration: Registration, serverName: string): LintWarning[] {
  const warnings: LintWarning[] = [];
  const warn = (path: string, reason: string) => warnings.push({ id: registration.id, path, reason });
  for (const kind of kinds)
    registration.namespaces[kind].forEach((entry, index) =>
      lintEntry(entry, kind, serverName, (reason) => warn(`namespaces.${kind}[${index}].regex`, reason)),
    );
  if (/[^a-z0-9._=/+-]/.test(registration.senderLocalpart))
    warn('sender_localpart', 'has characters that new user ids may not have (a-z, 0-9 and ._=-/+)');
  if (registration.url === null && (registration.receiveEphemeral || registration.pushEphemeral))
    warn('url', 'is null: no ephemeral data will be sent, nor anything else');
  return warnings;
}

function lintEntry(
  entry: NamespaceEntry,
  kind: (typeof kinds)[number],
  serverName: string,
  warn: (reason: string) => void,
): void {
  const regex = JSON.stringify(entry.regex);
  const inside = compileEntries([entry]);
  const sample = (name: string) => `${sigils[kind]}${name}:${serverName}`;
  const grabbed = humans.filter((name) => inside(sample(name)) !== 'outside');
  if (entry.exclusive && kind !== 'rooms' && grabbed.length > 0)
    warn(`${regex} is exclusive and takes ordinary names such as ${sample(grabbed[0] ?? '')}`);
  if (kind === 'rooms' && entry.exclusive) warn(`${regex}: exclusive has no meaning for rooms`);
  if (/\([^()]*[+*][^()]*\)[+*{]/.test(entry.regex))
    warn(`${regex} repeats a repetition: it runs in linear time here, but stops servers with a backtracking engine`);
  // A pattern that goes on to the server name, or says that it wants everything, leaves nothing open.
  if (kind !== 'rooms' && !/:|\$\)*$|\.\*\)*$/.test(entry.regex)) {
    const open = example(entry.regex, sigils[kind]);
    if (open !== undefined && inside(`${open}x:${serverName}`) !== 'outside')
      warn(`${regex} does not cover the whole id: it also takes ${open}x:${serverName}`);
  }
}

/** An id that a pattern without alternatives would take, up to where it stops: good enough to show. */
function example(regex: string, sigil: string): string | undefined {
  const plain = regex
    .replace(/^\^/, '')
    .replace(/\\([^\w])/g, '$1')
    .replace(/\.[*+]\??/g, 'a')
    .replace(/\[[^\]]*\][*+]?/g, 'a')
    .replace(/:.*$/, '');
  return plain.startsWith(sigil) && !/[()|?{}\\]/.test(plain) ? plain : undefined;
}

/** Warnings about registrations together: exclusive namespaces that overlap, found by sample ids of each. */
export function lintTogether(registrations: readonly Registration[], serverName: string): LintWarning[] {
  const compiled = registrations.map((registration) => ({
    registration,
    namespaces: compileNamespaces(registration, serverName),
  }));
  return compiled.flatMap(({ registration }) =>
    (['users', 'aliases'] as const).flatMap((kind) =>
      registration.namespaces[kind].flatMap((entry, index) => {
        const prefix = entry.exclusive ? example(entry.regex, sigils[kind]) : undefined;
        if (prefix === undefined) return [];
        const sample = `${prefix}:${serverName}`;
        return compiled
          .filter((other) => other.registration !== registration)
          .filter(({ namespaces }) => namespaces[kind === 'users' ? 'user' : 'alias'](sample) === 'exclusive')
          .map((other) => ({
            id: registration.id,
            path: `namespaces.${kind}[${index}].regex`,
            reason: `overlaps an exclusive namespace of ${other.registration.id}: neither can make ${sample}`,
          }));
      }),
    ),
  );
}
