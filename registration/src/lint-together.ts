// What registrations do to one another: namespaces that overlap, each with an id that both claim; a sender that is another's; shared secrets.

import { type Finding, reporter } from './findings.ts';
import { idsOf } from './lint-namespaces.ts';
import { compileEntries } from './namespaces.ts';
import { compilePattern, literalPrefix, type Program } from './pattern/compile-pattern.ts';
import { findId } from './pattern/find-id.ts';
import type { NamespaceEntry, Registration } from './registration.ts';

/** Pairs of patterns that are searched in one go: what begins differently is not among them and costs nothing. */
const usualSearchesMax = 2_000;

interface Claim {
  readonly registration: Registration;
  readonly kind: 'users' | 'aliases';
  readonly path: string;
  readonly program: Program;
  readonly prefix: string;
}

/** How much is looked at. */
export interface LintTogetherOptions {
  /** Only what these do to the others, and the others to them: ids of registrations. */
  readonly only?: ReadonlySet<string>;
  /** Pairs of patterns that are searched. */
  readonly searchesMax?: number;
}

/** Findings about registrations of one server together. */
export function lintTogether(
  registrations: readonly Registration[],
  serverName: string,
  { only, searchesMax = usualSearchesMax }: LintTogetherOptions = {},
): Finding[] {
  const findings: Finding[] = [];
  const isAsked = (one: Registration, two: Registration) => only === undefined || only.has(one.id) || only.has(two.id);
  lintOverlaps(registrations, { serverName, isAsked, searchesMax }, findings);
  for (const registration of registrations) {
    const sender = `@${registration.senderLocalpart}:${serverName}`;
    const report = reporter(registration.id, findings);
    for (const other of registrations) {
      if (other === registration || !isAsked(registration, other)) continue;
      const index = other.namespaces.users.findIndex((entry) => verdictOf(entry)(sender) === 'exclusive');
      if (index >= 0)
        report('sender-taken', 'sender_localpart', `${sender} is in an exclusive namespace of ${other.id}`, {
          sample: sender,
          other: { id: other.id, path: `namespaces.users[${index}].regex` },
        });
      else if (other.senderLocalpart === registration.senderLocalpart && isBefore(registrations, other, registration))
        report('sender-taken', 'sender_localpart', `${sender} is the sender of ${other.id} too`, {
          sample: sender,
          other: { id: other.id, path: 'sender_localpart' },
        });
    }
  }
  lintSharedTokens(registrations, isAsked, findings);
  return findings;
}

/** Compiling costs more than asking: once for a registration that stays as it is. */
const verdicts = new WeakMap<NamespaceEntry, ReturnType<typeof compileEntries>>();

function verdictOf(entry: NamespaceEntry): ReturnType<typeof compileEntries> {
  const verdict = verdicts.get(entry) ?? compileEntries([entry]);
  verdicts.set(entry, verdict);
  return verdict;
}

function isBefore(registrations: readonly Registration[], one: Registration, two: Registration): boolean {
  return registrations.indexOf(one) < registrations.indexOf(two);
}

type IsAsked = (one: Registration, two: Registration) => boolean;

function lintOverlaps(
  registrations: readonly Registration[],
  { serverName, isAsked, searchesMax }: { serverName: string; isAsked: IsAsked; searchesMax: number },
  findings: Finding[],
): void {
  const claims = registrations.flatMap(claimsOf);
  let searches = 0;
  for (const [index, two] of claims.entries()) {
    const report = reporter(two.registration.id, findings);
    for (const one of claims.slice(0, index)) {
      if (one.kind !== two.kind || one.registration === two.registration) continue;
      if (!isAsked(one.registration, two.registration)) continue;
      if (!one.prefix.startsWith(two.prefix) && !two.prefix.startsWith(one.prefix)) continue;
      searches += 1;
      if (searches > searchesMax)
        return report('undecided', two.path, `more than ${searchesMax} pairs of patterns: the rest was not compared`);
      const must = [one, two].map(({ program }) => ({ program, mode: 'start' as const }));
      const both = findId(idsOf(two.kind, serverName), { must });
      const other = { id: one.registration.id, path: one.path };
      if (both.outcome === 'undecided')
        report('undecided', two.path, `is too much to be compared with ${other.id}`, { other });
      if (both.outcome === 'found')
        report('overlap', two.path, `overlaps an exclusive namespace of ${other.id}: neither can make ${both.id}`, {
          sample: both.id,
          other,
        });
    }
  }
}

const knownClaims = new WeakMap<Registration, readonly Claim[]>();

function claimsOf(registration: Registration): readonly Claim[] {
  const found = knownClaims.get(registration) ?? findClaims(registration);
  knownClaims.set(registration, found);
  return found;
}

function findClaims(registration: Registration): Claim[] {
  return (['users', 'aliases'] as const).flatMap((kind) =>
    registration.namespaces[kind].flatMap((entry, index) => {
      const program = entry.exclusive ? compilePattern(entry.regex) : undefined;
      if (program === undefined) return [];
      const path = `namespaces.${kind}[${index}].regex`;
      return [{ registration, kind, path, program, prefix: literalPrefix(program) }];
    }),
  );
}

function lintSharedTokens(registrations: readonly Registration[], isAsked: IsAsked, findings: Finding[]): void {
  const seen = new Map<string, { registration: Registration; path: string }>();
  for (const registration of registrations)
    for (const [path, token] of [
      ['as_token', registration.asToken],
      ['hs_token', registration.hsToken],
    ] as const) {
      const before = seen.get(token);
      // Two as_tokens alike are refused by whoever loads them.
      if (
        before !== undefined &&
        isAsked(before.registration, registration) &&
        !(path === 'as_token' && before.path === 'as_token')
      )
        reporter(registration.id, findings)(
          'token-shared',
          path,
          `is the ${before.path} of ${before.registration.id}: who sees one file has the other; make a new secret`,
          { other: { id: before.registration.id, path: before.path } },
        );
      if (before === undefined) seen.set(token, { registration, path });
    }
}
