// Fills the registry: registration files, the folder (watched while running) and the registrations that were added live. A broken one is
// reported with file, line and reason and left out; the others go on, and one that was good before it was broken stays as it was.
// Each loaded application service gets its own user here: bridges call /whoami before they register anybody.

import { type FSWatcher, watch } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Complaint, lintRegistration, lintTogether, type LintWarning, loadRegistration } from '@pons/registration';
import type { Clock, Timer } from '../platform/clock.ts';
import type { Queryable } from '../storage/database.ts';
import { liveRegistrations } from '../storage/tables/appservice-registrations.ts';
import { insertUser } from '../storage/tables/users.ts';
import { type Appservice, type AppserviceRegistry, toAppservice } from './registry.ts';

/** Where registrations are (`appservices.files`, `appservices.folder`). */
export interface RegistrationPlaces {
  readonly files: readonly string[];
  readonly folder?: string;
}

/** What a load found: printed by the server and by `pons config check`. */
export interface LoadReport {
  readonly loaded: readonly string[];
  readonly complaints: readonly Complaint[];
  readonly warnings: readonly LintWarning[];
}

export interface RegistrationLoaderParts {
  readonly registry: AppserviceRegistry;
  readonly places: RegistrationPlaces;
  readonly db: Queryable;
  readonly clock: Clock;
  /** Told of every load: the first, and those after a change in the folder. */
  readonly report: (report: LoadReport) => void;
}

/** Loads, and loads again. */
export interface RegistrationLoader {
  /** Reads everything anew. Loads never overlap. */
  load(): Promise<LoadReport>;
  /** Loads again whenever the folder changes. */
  watch(): Promise<void>;
  stop(): void;
}

/** Editors write a file in several steps: this long after the last of them it is read. */
const settleMs = 200;
const filesMax = 10_000;
const gone = 'there is no such file';

/** One registration text and where it is from. */
interface Candidate {
  readonly file: string;
  readonly source: Appservice['source'];
  /** undefined: it could not be read; `unreadable` says why. */
  readonly text?: string;
  readonly unreadable?: string;
}

/** A loader; nothing is read before `load`. */
export function createRegistrationLoader(parts: RegistrationLoaderParts): RegistrationLoader {
  const { registry, places, db, clock } = parts;
  let running: Promise<unknown> = Promise.resolve();
  let watcher: FSWatcher | undefined;
  let settling: Timer | undefined;

  async function loadNow(): Promise<LoadReport> {
    const candidates = [...(await readFiles(places)), ...(await readLive(db))];
    const { appservices, complaints } = choose(candidates, registry);
    for (const { id, sender } of appservices)
      await createSender(db, { userId: sender, appserviceId: id, now: clock.now() });
    registry.replace(appservices);
    const report = {
      loaded: appservices.map(({ id }) => id),
      complaints,
      warnings: warningsOf(appservices, registry.serverName),
    };
    parts.report(report);
    return report;
  }

  function load(): Promise<LoadReport> {
    const next = running.then(loadNow);
    running = next.catch(() => undefined); // whoever asked for it is told; the next one starts all the same
    return next;
  }

  function settle(): void {
    settling?.cancel();
    settling = clock.setTimer(settleMs, () => {
      settling = undefined;
      load().catch((error: unknown) =>
        parts.report({
          loaded: registry.all().map(({ id }) => id),
          complaints: [{ file: places.folder ?? '', line: 1, path: '', reason: `could not be read: ${String(error)}` }],
          warnings: [],
        }),
      );
    });
  }

  return {
    load,
    async watch() {
      if (places.folder === undefined || watcher !== undefined) return;
      await mkdir(places.folder, { recursive: true });
      watcher = watch(places.folder, settle);
      watcher.on('error', settle);
    },
    stop() {
      settling?.cancel();
      watcher?.close();
      watcher = undefined;
    },
  };
}

async function readFiles(places: RegistrationPlaces): Promise<Candidate[]> {
  const inFolder = places.folder === undefined ? [] : await yamlFilesOf(places.folder);
  const files = [...new Set([...places.files, ...inFolder].map((file) => path.resolve(file)))].slice(0, filesMax);
  return Promise.all(
    files.map(async (file): Promise<Candidate> => {
      try {
        return { file, source: { file }, text: await readFile(file, 'utf8') };
      } catch (error) {
        return { file, source: { file }, unreadable: reasonOf(error) };
      }
    }),
  );
}

async function yamlFilesOf(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.'))
      .sort()
      .map((name) => path.join(folder, name));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []; // made when it is watched
    throw error;
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return gone;
  if (code === 'EACCES') return 'may not be read by this user: change its owner or mode';
  return `cannot be read (${String(code ?? error)})`;
}

async function readLive(db: Queryable): Promise<Candidate[]> {
  return (await liveRegistrations(db)).map((row) => ({
    file: `(added live) ${row.appservice_id}`,
    source: { live: row.appservice_id },
    text: row.registration,
  }));
}

// One id and one as_token belong to one application service: of two that claim the same, the first stays.
function choose(
  candidates: readonly Candidate[],
  registry: AppserviceRegistry,
): { appservices: Appservice[]; complaints: Complaint[] } {
  const complaints: Complaint[] = [];
  const ids = new Map<string, string>();
  const tokens = new Map<string, string>();
  const appservices = candidates.flatMap(({ file, source, text, unreadable }): Appservice[] => {
    const before = registry.all().find((appservice) => placeOf(appservice.source) === placeOf(source));
    const complain = (line: number, place: string, reason: string) =>
      complaints.push({ file, line, path: place, reason });
    const kept = () => (before !== undefined && claim(before, file, ids, tokens) === undefined ? [before] : []);
    if (text === undefined) {
      complain(1, '', unreadable ?? gone);
      return unreadable === gone ? [] : kept();
    }
    const loaded = loadRegistration(text, { file, serverName: registry.serverName });
    if (loaded.outcome === 'refused') {
      complaints.push(...loaded.complaints);
      return kept();
    }
    const same = before !== undefined && JSON.stringify(before.registration) === JSON.stringify(loaded.registration);
    const appservice = same ? before : toAppservice(loaded.registration, registry.serverName, source);
    const taken = claim(appservice, file, ids, tokens);
    if (taken === undefined) return [appservice];
    complain(loaded.lineOf(taken.path), taken.path, taken.reason);
    return [];
  });
  return { appservices, complaints };
}

function placeOf(source: Appservice['source']): string {
  return 'file' in source ? `file ${source.file}` : `live ${source.live}`;
}

function claim(
  { id, registration }: Appservice,
  file: string,
  ids: Map<string, string>,
  tokens: Map<string, string>,
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

async function createSender(
  db: Queryable,
  sender: { readonly userId: string; readonly appserviceId: string; readonly now: number },
): Promise<void> {
  await insertUser(db, {
    userId: sender.userId,
    passwordHash: null,
    createdTs: sender.now,
    admin: false,
    guest: false,
    appserviceId: sender.appserviceId,
  });
}

function warningsOf(appservices: readonly Appservice[], serverName: string): LintWarning[] {
  const registrations = appservices.map(({ registration }) => registration);
  return [
    ...registrations.flatMap((registration) => lintRegistration(registration, serverName)),
    ...lintTogether(registrations, serverName),
  ];
}
