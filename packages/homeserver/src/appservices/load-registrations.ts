// Fills the registry from files, folder and table, again and again while the server runs. A broken registration is reported with file,
// line and reason and left out; the others go on, and one that was good before it was broken stays as it was. A file that is not there
// for a moment is an editor at work; one that stays away is removed, and its users are kept. The as_token that a changed file replaces
// lives on for a while. Each loaded application service gets its own user here: bridges call /whoami before they register anybody.

import path from 'node:path';
import { type Complaint, type Finding, lintRegistration, lintTogether, type Registration } from '@pons/registration';
import type { Clock, Timer } from '../platform/clock.ts';
import type { Database, Queryable } from '../storage/database.ts';
import {
  type AppserviceTokenRow,
  appserviceTokens,
  deleteTokensOf,
  deleteTokensOfAbsent,
  putAppserviceTokens,
} from '../storage/tables/appservice-tokens.ts';
import { reviveUser } from '../storage/tables/users.ts';
import { beginDelivery } from './begin-delivery.ts';
import { type Choice, chooseRegistrations, senderKey } from './choose-registrations.ts';
import { gone, readRegistrations, type RegistrationPlaces } from './read-registrations.ts';
import { type Appservice, type AppserviceRegistry, hashAsToken, type OldToken } from './registry.ts';
import { makeSender, whyNotSender } from './sender-account.ts';
import { watchRegistrations } from './watch-registrations.ts';

/** What a load found: printed by the server and by `pons config check`, shown by the admin API. */
export interface LoadReport {
  readonly loaded: readonly string[];
  readonly complaints: readonly Complaint[];
  readonly warnings: readonly Finding[];
}

export interface RegistrationLoaderParts {
  readonly registry: AppserviceRegistry;
  readonly places: RegistrationPlaces;
  readonly db: Pick<Database, 'query' | 'transaction'>;
  readonly clock: Clock;
  /** Told of every load: the first, and those after a change. */
  readonly report: (report: LoadReport) => void;
  /** Files have changed these application services: other processes should look too. */
  readonly changed?: (appserviceIds: readonly string[]) => Promise<void>;
}

/** Loads, and loads again. */
export interface RegistrationLoader {
  /** Reads everything anew. Loads never overlap. */
  load(): Promise<LoadReport>;
  /** What the last load found. */
  lastReport(): LoadReport;
  /** Loads again whenever files or folder change. */
  watch(): Promise<void>;
  stop(): void;
}

/** How long a replaced as_token lives unless an operator says otherwise. */
export const overlapMs = 3_600_000;
/** Timers do not reach further than some weeks. */
const dayMs = 86_400_000;
/** An editor that writes a file anew may take it away for this long. */
const absentMs = 1_000;

/** A loader; nothing is read before `load`. */
export function createRegistrationLoader(parts: RegistrationLoaderParts): RegistrationLoader {
  const { registry, places, db, clock } = parts;
  const watch = watchRegistrations(places, clock, reload);
  /** Monotonic milliseconds at which a file was first missed. */
  const missed = new Map<string, number>();
  let running: Promise<unknown> = Promise.resolve();
  let last: LoadReport = { loaded: [], complaints: [], warnings: [] };
  let watching = false;
  let isFirst = true;
  let over: Timer | undefined;

  async function loadNow(): Promise<{ report: LoadReport; changed: readonly string[] }> {
    const read = await readRegistrations(places, db);
    const vanished = vanishedFiles(registry, new Set(read.candidates.map(({ file }) => file)));
    const unfound = read.candidates.filter(({ unreadable }) => unreadable === gone).map(({ file }) => file);
    noteMissing([...vanished, ...unfound]);
    const isAbsent = (file: string) =>
      !(read.folderGone && isInFolder(file)) && clock.monotonicMs() - (missed.get(file) ?? 0) >= absentMs;
    const waiting = vanished.filter((file) => !isAbsent(file));
    const tokens = await appserviceTokens(db);
    const candidates = [...read.candidates, ...waiting.map((file) => ({ file, source: { file }, unreadable: gone }))];
    const choosing = { isAbsent, oldUntilTs: clock.now() + overlapMs, holderOf: holdersOf(tokens, clock.now()) };
    const known = new Set(registry.all());
    const isNew = (appservice: Appservice) => !known.has(appservice);
    const { appservices, complaints } = await withOwnSenders(db, isNew, (refusedSenders) =>
      chooseRegistrations(candidates, registry, { ...choosing, refusedSenders }),
    );
    const expected = [...missed.keys()].some((file) => !(read.folderGone && isInFolder(file)));
    if (expected && watching) watch.lookAgainIn(absentMs);
    for (const appservice of appservices.filter(isNew)) await makeSender(db, appservice, clock.now());
    const oldTokens = await keepTokens(db, { now: clock.now(), known: tokens }, appservices);
    const { added, removed } = registry.replace(appservices, oldTokens);
    if (watching) loadWhenOver(oldTokens);
    const ended = removed.map(({ id }) => id).filter((id) => registry.byId(id) === undefined);
    if (ended.length > 0) await deleteTokensOf(db, ended);
    // Removed while no server ran: as if it had been removed now. A file that cannot be read may be the one of whoever is missing.
    if (isFirst && complaints.length === 0 && !read.folderGone)
      await deleteTokensOfAbsent(
        db,
        appservices.map(({ id }) => id),
      );
    isFirst = false;
    last = {
      loaded: appservices.map(({ id }) => id),
      complaints: [...complaints, ...(read.folderGone && waiting.length > 0 ? [folderComplaint()] : [])],
      warnings: warningsAfter(
        [...added, ...removed].map(({ id }) => id),
        appservices,
      ),
    };
    parts.report(last);
    return { report: last, changed: [...new Set([...added, ...removed].map(({ id }) => id))] };
  }

  // Searching takes long: only what changed is looked at again.
  function warningsAfter(ids: readonly string[], appservices: readonly Appservice[]): readonly Finding[] {
    const changed = new Set(ids);
    const stays = ({ id, other }: Finding) => !changed.has(id) && (other === undefined || !changed.has(other.id));
    return [...last.warnings.filter(stays), ...warningsOf(appservices, registry.serverName, changed)];
  }

  function load() {
    const next = running.then(loadNow);
    running = next.catch(() => undefined); // whoever asked for it is told; the next one starts all the same
    return next;
  }

  async function reload(): Promise<boolean> {
    try {
      const { changed } = await load();
      if (changed.length > 0) await parts.changed?.(changed);
      return true;
    } catch (error) {
      // The database or the folder is away: everything goes on as it was, and the next look tries again.
      const file = places.folder ?? places.files[0] ?? '';
      last = { ...last, complaints: [{ file, line: 1, path: '', reason: `could not be read: ${String(error)}` }] };
      parts.report(last);
      return false;
    }
  }

  // Whoever is connected by a replaced token hears when it ends.
  function loadWhenOver(oldTokens: readonly OldToken[]): void {
    over?.cancel();
    if (oldTokens.length === 0) return;
    const leftMs = Math.min(...oldTokens.map(({ untilTs }) => untilTs)) - clock.now();
    over = clock.setTimer(Math.min(Math.max(leftMs, 0) + 1, dayMs), () => void reload());
  }

  function noteMissing(files: readonly string[]): void {
    for (const file of missed.keys()) if (!files.includes(file)) missed.delete(file);
    for (const file of files) if (!missed.has(file)) missed.set(file, clock.monotonicMs());
    // One that was never loaded is not waited for.
    const loaded = new Set(registry.all().flatMap(({ source }) => ('file' in source ? [source.file] : [])));
    for (const file of missed.keys()) if (!loaded.has(file)) missed.delete(file);
  }

  function isInFolder(file: string): boolean {
    return places.folder !== undefined && path.dirname(file) === path.resolve(places.folder);
  }

  function folderComplaint(): Complaint {
    return { file: places.folder ?? '', line: 1, path: '', reason: 'is gone: what was loaded from it goes on' };
  }

  return {
    load: async () => (await load()).report,
    lastReport: () => last,
    async watch() {
      await watch.start();
      watching = true;
    },
    stop() {
      watching = false;
      over?.cancel();
      watch.stop();
    },
  };
}

// Whether an account is somebody's only the database knows: who is chosen is asked about, and chosen again without whom that refuses.
async function withOwnSenders(
  db: Queryable,
  isNew: (appservice: Appservice) => boolean,
  choose: (refusedSenders: ReadonlyMap<string, string>) => Choice,
): Promise<Choice> {
  const refused = new Map<string, string>();
  for (;;) {
    const choice = choose(refused);
    const before = refused.size;
    const asked = choice.appservices.filter(isNew).map(async (appservice) => {
      const reason = await whyNotSender(db, appservice);
      if (reason !== undefined) refused.set(senderKey(appservice), reason);
    });
    await Promise.all(asked);
    if (refused.size === before) return choice;
  }
}

function vanishedFiles(registry: AppserviceRegistry, found: ReadonlySet<string>): string[] {
  return registry.all().flatMap(({ source }) => ('file' in source && !found.has(source.file) ? [source.file] : []));
}

// Compared with what was loaded last, by this process or another, before a restart or after it. Of those that were added live the tokens
// are written together with their registration (live-registrations.ts); what we have read may be older than that.
// One without any token was never here, or has been away: whoever writes its token first has its sender live again, if it ended, and its
// delivery begin anew.
async function keepTokens(
  db: RegistrationLoaderParts['db'],
  { now, known }: { readonly now: number; readonly known: readonly AppserviceTokenRow[] },
  appservices: readonly Appservice[],
): Promise<OldToken[]> {
  const present = new Map(known.filter(({ untilTs }) => untilTs === null).map((row) => [row.appserviceId, row]));
  const followed = new Set(known.map(({ appserviceId }) => appserviceId));
  const changed = appservices
    .filter(({ source }) => 'file' in source)
    .map((appservice) => ({ appservice, appserviceId: appservice.id, tokenHash: tokenHashOf(appservice) }))
    .filter(({ appserviceId, tokenHash }) => present.get(appserviceId)?.tokenHash.equals(tokenHash) !== true);
  if (changed.length > 0)
    await db.transaction(async (tx) => {
      const present = appservices.map(({ id }) => id);
      const written = await putAppserviceTokens(tx, changed, { now, untilTs: now + overlapMs, present });
      const isNew = (id: string) => !followed.has(id) && written.get(id)?.isNew === true;
      for (const { appservice } of changed.filter(({ appserviceId }) => isNew(appserviceId))) {
        await reviveUser(tx, appservice.sender, appservice.id);
        await beginDelivery(tx, appservice, now);
      }
    });
  const rows = changed.length === 0 ? known : await appserviceTokens(db);
  return rows.flatMap(({ tokenHash: hash, appserviceId, untilTs }) =>
    untilTs === null || untilTs <= now ? [] : [{ hash, appserviceId, untilTs }],
  );
}

/** Whose an as_token is, replaced lately or not. */
function holdersOf(known: readonly AppserviceTokenRow[], now: number): (asToken: string) => string | undefined {
  const living = known.filter(({ untilTs }) => untilTs === null || untilTs > now);
  const holders = new Map(living.map(({ tokenHash, appserviceId }) => [tokenHash.toString('hex'), appserviceId]));
  return (asToken) => holders.get(hashAsToken(asToken).toString('hex'));
}

function tokenHashOf({ registration }: Appservice): Buffer {
  return hashAsToken(registration.asToken);
}

/** Looking for it takes milliseconds for each: once for a registration that stays as it is. */
const unwise = new WeakMap<Registration, readonly Finding[]>();

/** Pairs of patterns that are searched while people wait: some 10 ms. `pons registration check` has more patience. */
const searchesMax = 100;
/** Of one registration, of each kind. */
const patternsMax = 20;

/** What is unwise in these registrations, each alone and together with the others. */
export function warningsOf(
  appservices: readonly Appservice[],
  serverName: string,
  only: ReadonlySet<string>,
): Finding[] {
  if (only.size === 0) return [];
  const registrations = appservices.map(({ registration }) => registration);
  const asked = registrations.filter(({ id }) => only.has(id));
  return [...asked.flatMap(alone), ...lintTogether(registrations, serverName, { only, searchesMax })].filter(
    ({ level }) => level === 'warning',
  );

  function alone(registration: Registration): readonly Finding[] {
    const known = unwise.get(registration) ?? lintRegistration(registration, serverName, { notes: false, patternsMax });
    unwise.set(registration, known);
    return known;
  }
}
