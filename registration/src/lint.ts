// What is unwise in one registration without being refused: printed at load, by `pons registration check` and `pons config check`.
// What two of them do to one another is in lint-together.ts.

import { type Finding, findingLevels, type Report, reporter } from './findings.ts';
import { lintNamespaces } from './lint-namespaces.ts';
import { lintTokens } from './lint-tokens.ts';
import { lintUrl } from './lint-url.ts';
import { meant, nearest } from './nearest.ts';
import { ponsKeys } from './pons-block.ts';
import type { Registration } from './registration.ts';
import { registrationKeys } from './validate.ts';

/**
 * Findings about one registration, as this server would run it.
 *
 * @param options.notes  false leaves the notes out, and the work for them: a server that loads wants what is wrong
 */
export function lintRegistration(
  registration: Registration,
  serverName: string,
  { notes = true, patternsMax }: { readonly notes?: boolean; readonly patternsMax?: number } = {},
): Finding[] {
  const findings: Finding[] = [];
  const all = reporter(registration.id, findings);
  const report: Report = (code, ...rest) => {
    if (notes || findingLevels[code] !== 'note') all(code, ...rest);
  };
  lintUrl(registration, report);
  lintTokens(registration, report);
  if (/[^a-z0-9._=/+-]/.test(registration.senderLocalpart))
    report('sender-grammar', 'sender_localpart', 'has characters that new user ids may not have (a-z, 0-9 and ._=-/+)');
  lintNamespaces(registration, { serverName, notes, patternsMax }, report);
  if (registration.rateLimited && registration.namespaces.users.some(({ exclusive }) => exclusive))
    report('rate-limited', 'rate_limited', 'is true: its ghosts wait as people do; a bridge says rate_limited: false');
  for (const path of registration.unknownKeys) {
    const key = meantBy(path);
    if (key !== undefined) report('misspelt', path, `is not known and ignored; did you mean ${key}?`);
  }
  return findings;
}

/** The known key that an unknown one is a slip of. At the top other homeservers' keys live, so there it must be near. */
function meantBy(path: string): string | undefined {
  const [, above, key = ''] = /^(namespaces(?:\.\w+\[\d+\])?|pons(?:\.\w+)?)\.(.+)$/.exec(path) ?? [];
  if (above === undefined) return meant(path, registrationKeys['']);
  if (above === 'namespaces') return nearest(key, registrationKeys.namespaces);
  if (above.endsWith(']')) return nearest(key, registrationKeys['[]']);
  return nearest(key, ponsKeys[above.replace(/^pons\.?/, '') as keyof typeof ponsKeys]);
}
