// Which of the registration texts become application services. A broken one is left out with file, line and reason, and where it was good
// before it was broken the last good one goes on. One id and one as_token belong to one application service: of two that claim the same,
// the one that had it first keeps it, an as_token until the end of its overlap; of two that are new, the first in order.

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
  /** Id of the application service that has this as_token, or had it until lately. */
  readonly holderOf: (asToken: string) => string | undefined;
  /** Why an application service may not have its sender, by `senderKey`. */
  readonly refusedSenders: ReadonlyMap<string, string>;
}

/** An application service and its sender. */
export function senderKey({ id, sender }: Pick<Appservice, 'id' | 'sender'>): string {
  return `${sender} ${id}`;
}

interface Claim {
  readonly candidate: Candidate;
  readonly before: Appservice | undefined;
  readonly appservice: Appservice;
  readonly lineOf: (path: string) => number;
}

/** What has been given to whom: the file of each. */
interface Owners {
  readonly ids: Map<string, string>;
  readonly tokens: Map<string, string>;
  /** Where one is registered that has this token already. */
  readonly holderOf: (asToken: string) => { readonly id: string; readonly file: string } | undefined;
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
  const files = new Map(claims.map(({ appservice, candidate }) => [appservice.id, candidate.file]));
  const owners: Owners = {
    ids: new Map(),
    tokens: new Map(),
    holderOf(asToken) {
      const id = options.holderOf(asToken);
      const file = id === undefined ? undefined : files.get(id);
      return id === undefined || file === undefined ? undefined : { id, file };
    },
  };
  const chosen = new Map<Claim, Appservice>();
  for (const claim of claims.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    const { candidate, appservice, before, lineOf } = claim;
    const taken = take(appservice, candidate.file, owners);
    if (taken !== undefined) complaints.push({ file: candidate.file, line: lineOf(taken.path), ...taken });
    if (taken === undefined) chosen.set(claim, appservice);
    else if (before !== undefined && take(before, candidate.file, owners) === undefined) chosen.set(claim, before);
  }
  const order = new Map(candidates.map(({ file }, index) => [file, index]));
  return {
    appservices: claims.flatMap((claim) => chosen.get(claim) ?? []),
    complaints: complaints.sort((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0)),
  };
}

/** Who chooses first: those that run by that id, then those whose file says another id now, then the new ones. */
function rankOf({ before, appservice }: Claim): number {
  if (before === undefined) return 2;
  return before.id === appservice.id ? 0 : 1;
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
  const refusedSender = parts.refusedSenders.get(senderKey(made));
  if (refusedSender !== undefined) {
    const path = 'sender_localpart';
    complaints.push({ file, line: loaded.lineOf(path), path, reason: refusedSender });
    return kept;
  }
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
  { ids, tokens, holderOf }: Owners,
): { path: string; reason: string } | undefined {
  const sameId = ids.get(id);
  if (sameId !== undefined) return { path: 'id', reason: `${JSON.stringify(id)} is registered by ${sameId} already` };
  const holder = holderOf(registration.asToken);
  const sameToken = holder === undefined || holder.id === id ? tokens.get(registration.asToken) : holder.file;
  if (sameToken !== undefined)
    return { path: 'as_token', reason: `is the as_token of ${sameToken} too: make a new secret for one of them` };
  ids.set(id, file);
  tokens.set(registration.asToken, file);
  return undefined;
}
