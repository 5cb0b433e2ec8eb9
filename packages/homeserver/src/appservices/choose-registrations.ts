// Which of the registration texts become application services. A broken one is left out with file, line and reason, and where it was good
// before it was broken the last good one goes on. One id and one as_token belong to one application service: of two that claim the same,
// the one that runs already stays, else the first.

import { type Complaint, loadRegistration } from '@pons/registration';
import { type Candidate, gone } from './read-registrations.ts';
import { type Appservice, type AppserviceRegistry, type RegistrationSource, toAppservice } from './registry.ts';

/** What came of them. */
export interface Choice {
  readonly appservices: readonly Appservice[];
  readonly complaints: readonly Complaint[];
}

export interface ChooseOptions {
  /** Whether a file that is not there counts as removed, and not as being written anew this moment. */
  readonly isAbsent: (file: string) => boolean;
  /** Until when a replaced hs_token is remembered. */
  readonly oldUntilTs: number;
}

interface Claim {
  readonly candidate: Candidate;
  readonly before: Appservice | undefined;
  readonly appservice: Appservice;
  readonly lineOf: (path: string) => number;
}

/**
 * Chooses.
 *
 * @param registry  those that run now
 */
export function chooseRegistrations(
  candidates: readonly Candidate[],
  registry: AppserviceRegistry,
  options: ChooseOptions,
): Choice {
  const complaints: Complaint[] = [];
  const claims = candidates.flatMap((candidate) => {
    const claim = claimOf(candidate, { ...options, registry, complaints });
    return claim === undefined ? [] : [claim];
  });
  const owners = { ids: new Map<string, string>(), tokens: new Map<string, string>() };
  const chosen = new Set<Claim>();
  for (const claim of [...claims.filter(isIncumbent), ...claims.filter((one) => !isIncumbent(one))]) {
    const { candidate, appservice, lineOf } = claim;
    const taken = take(appservice, candidate.file, owners);
    if (taken === undefined) chosen.add(claim);
    else complaints.push({ file: candidate.file, line: lineOf(taken.path), ...taken });
  }
  const order = new Map(candidates.map(({ file }, index) => [file, index]));
  return {
    appservices: claims.filter((claim) => chosen.has(claim)).map(({ appservice }) => appservice),
    complaints: complaints.sort((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0)),
  };
}

function isIncumbent({ before, appservice }: Claim): boolean {
  return before?.id === appservice.id;
}

function claimOf(
  candidate: Candidate,
  parts: ChooseOptions & { registry: AppserviceRegistry; complaints: Complaint[] },
): Claim | undefined {
  const { file, source, text, unreadable } = candidate;
  const { registry, complaints } = parts;
  const before = registry.all().find((appservice) => placeOf(appservice.source) === placeOf(source));
  const kept = before === undefined ? undefined : { candidate, before, appservice: before, lineOf: () => 1 };
  if (text === undefined) {
    if (unreadable === gone && before !== undefined && !parts.isAbsent(file)) return kept;
    complaints.push({ file, line: 1, path: '', reason: unreadable ?? gone });
    return unreadable === gone ? undefined : kept;
  }
  const loaded = loadRegistration(text, { file, serverName: registry.serverName });
  if (loaded.outcome === 'refused') {
    complaints.push(...loaded.complaints);
    return kept;
  }
  const same = before !== undefined && JSON.stringify(before.registration) === JSON.stringify(loaded.registration);
  if (same) return { candidate, before, appservice: before, lineOf: loaded.lineOf };
  const made = toAppservice(loaded.registration, registry.serverName, source);
  const oldHsToken = before?.id === made.id ? oldHsTokenOf(before, made, parts.oldUntilTs) : undefined;
  const appservice = oldHsToken === undefined ? made : { ...made, oldHsToken };
  return { candidate, before, appservice, lineOf: loaded.lineOf };
}

function oldHsTokenOf(before: Appservice, made: Appservice, untilTs: number): Appservice['oldHsToken'] {
  const { hsToken: token } = before.registration;
  return token === made.registration.hsToken ? before.oldHsToken : { token, untilTs };
}

function placeOf(source: RegistrationSource): string {
  return 'file' in source ? `file ${source.file}` : `live ${source.live}`;
}

function take(
  { id, registration }: Appservice,
  file: string,
  { ids, tokens }: { readonly ids: Map<string, string>; readonly tokens: Map<string, string> },
): { path: string; reason: string } | undefined {
  const sameId = ids.get(id);
  if (sameId !== undefined) return { path: 'id', reason: `${JSON.stringify(id)} is registered by ${sameId} already` };
  const sameToken = tokens.get(registration.asToken);
  if (sameToken !== undefined)
    return { path: 'as_token', reason: `is the as_token of ${sameToken} too: make a new secret for one of them` };
  ids.set(id, file);
  tokens.set(registration.asToken, file);
  return undefined;
}
