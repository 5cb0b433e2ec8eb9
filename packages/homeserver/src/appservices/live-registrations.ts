// Registrations that are added, changed and removed while the server runs: rows of a table, written together with what tells every
// process to look. What belongs to a file is the file's: it is refused here, with what to do. The admin API calls it.

import { type Complaint, type Finding, loadRegistration, readYaml, type Registration } from '@pons/registration';
import { type JsonObject, MatrixError } from '@pons/spec';
import type { Clock } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';
import type { Database, Queryable } from '../storage/database.ts';
import {
  deleteRegistration,
  forgetDeliveryTo,
  insertRegistration,
  liveRegistrations,
  updateRegistration,
} from '../storage/tables/appservice-registrations.ts';
import { deleteOldTokens, deleteTokensOf, putAppserviceTokens } from '../storage/tables/appservice-tokens.ts';
import { reviveUser } from '../storage/tables/users.ts';
import { beginDelivery } from './begin-delivery.ts';
import { overlapMs as usualOverlapMs, type RegistrationLoader, warningsOf } from './load-registrations.ts';
import { type Appservice, type AppserviceRegistry, hashAsToken, toAppservice } from './registry.ts';
import { whyNotSender } from './sender-account.ts';

export interface LiveRegistrationsParts {
  readonly db: Database;
  readonly registry: AppserviceRegistry;
  readonly loader: Pick<RegistrationLoader, 'load'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly invalidations: {
    invalidate(tx: Queryable, kind: 'appservices', keys: readonly string[]): Promise<void>;
  };
}

/** An application service that would be, or is, registered. */
export interface AddedRegistration {
  readonly appservice: Appservice;
  readonly warnings: readonly Finding[];
}

/** What operators do with the registry. */
export interface LiveRegistrations {
  /**
   * Registers an application service.
   *
   * @param text  YAML (or JSON) of its registration
   * @throws MatrixError M_INVALID_PARAM with `complaints` [{ line, path, reason }]
   */
  add(text: string, options: { readonly dryRun: boolean; readonly replace: boolean }): Promise<AddedRegistration>;
  /**
   * Gives one that was added live new tokens. The old as_token lives for the overlap.
   *
   * @returns the whole registration as it is now
   * @throws MatrixError M_FORBIDDEN for one that a file owns
   */
  rotate(id: string, overlapMs: number): Promise<{ readonly registration: Registration; readonly text: string }>;
  /** Ends the overlap of a rotation at once: whoever has the old as_token is locked out. */
  endOverlap(id: string): Promise<void>;
  /** Removes one that was added live, with what waits for it. Its users stay. @throws MatrixError as rotate does */
  remove(id: string): Promise<void>;
}

/** 256 bits, in hex. */
const tokenBytes = 32;
/** A registration that others change at the same moment is read again this often. */
const attemptsMax = 3;

/** The registry as operators change it. */
export function createLiveRegistrations(parts: LiveRegistrationsParts): LiveRegistrations {
  const { db, registry, clock } = parts;

  /** Writes, tells every process, and has this one look before anybody is answered. */
  async function change<T>(id: string, write: (tx: Queryable) => Promise<T>): Promise<T> {
    const written = await db.transaction(async (tx) => {
      const result = await write(tx);
      await parts.invalidations.invalidate(tx, 'appservices', [id]);
      return result;
    });
    await parts.loader.load();
    return written;
  }

  async function textOf(id: string): Promise<string | undefined> {
    return (await liveRegistrations(db)).find((row) => row.appservice_id === id)?.registration;
  }

  /** False when it is another's, who may have been added just now. */
  async function setToken(tx: Queryable, appserviceId: string, asToken: string, overlapMs: number): Promise<boolean> {
    const now = clock.now();
    const token = { appserviceId, tokenHash: hashAsToken(asToken) };
    return (await putAppserviceTokens(tx, [token], { now, untilTs: now + overlapMs })).has(appserviceId);
  }

  async function rotateOnce(id: string, overlapMs: number) {
    const text = await textOf(id);
    if (text === undefined) throw notLive(registry, id);
    const hex = () => parts.random.bytes(tokenBytes).toString('hex');
    const changed = withTokens(text, registry.serverName, { asToken: hex(), hsToken: hex() });
    const written = await change(id, async (tx) => {
      if (!(await updateRegistration(tx, id, text, changed.text))) return false;
      await setToken(tx, id, changed.registration.asToken, overlapMs);
      return true;
    });
    return written ? changed : undefined;
  }

  return {
    async add(text, { dryRun, replace }) {
      const { lineOf, ...added } = check(text, registry, replace);
      const { id, registration, sender } = added.appservice;
      const reason = await whyNotSender(db, added.appservice);
      const path = 'sender_localpart';
      if (reason !== undefined) throw refused([{ file: '', line: lineOf(path), path, reason }]);
      if (dryRun) return added;
      const before = await textOf(id);
      const complain = (path: string, reason: string) => refused([{ file: '', line: lineOf(path), path, reason }]);
      if (before !== undefined && !replace) throw complain('id', registeredAlready(id));
      const done = await change(id, async (tx) => {
        const row = { appservice_id: id, registration: text, added_ts: clock.now() };
        const stored = before === undefined ? insertRegistration(tx, row) : updateRegistration(tx, id, before, text);
        if (!(await stored)) return false;
        if (!(await setToken(tx, id, registration.asToken, usualOverlapMs)))
          throw complain('as_token', 'is the as_token of another too: make a new secret');
        // It ended with the users of its earlier life.
        await reviveUser(tx, sender, id);
        if (before === undefined) await beginDelivery(tx, added.appservice, clock.now());
        return true;
      });
      if (!done) throw complain('id', 'was registered by somebody else just now');
      return added;
    },
    async rotate(id, overlapMs) {
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const rotated = await rotateOnce(id, overlapMs);
        if (rotated !== undefined) return rotated;
      }
      throw new MatrixError('M_UNKNOWN', 'Others change this registration all the time: try again.', { status: 409 });
    },
    async endOverlap(id) {
      await change(id, (tx) => deleteOldTokens(tx, id));
    },
    async remove(id) {
      if ((await textOf(id)) === undefined) throw notLive(registry, id);
      await change(id, async (tx) => {
        await deleteRegistration(tx, id);
        await forgetDeliveryTo(tx, id);
        await deleteTokensOf(tx, [id]);
      });
    },
  };
}

function check(
  text: string,
  registry: AppserviceRegistry,
  replace: boolean,
): AddedRegistration & { readonly lineOf: (path: string) => number } {
  const { serverName } = registry;
  const loaded = loadRegistration(text, { file: '', serverName });
  if (loaded.outcome === 'refused') throw refused(loaded.complaints);
  const { registration, lineOf } = loaded;
  const complain = (path: string, reason: string) => refused([{ file: '', line: lineOf(path), path, reason }]);
  const before = registry.byId(registration.id);
  const name = JSON.stringify(registration.id);
  if (before !== undefined && 'file' in before.source)
    throw complain('id', `${name} is registered by ${before.source.file} already: change that file`);
  if (before !== undefined && !replace) throw complain('id', registeredAlready(registration.id));
  const owner = registry.byToken(registration.asToken);
  if (owner !== undefined && owner.id !== registration.id)
    throw complain('as_token', `is the as_token of ${owner.id} too: make a new secret`);
  const appservice = toAppservice(registration, serverName, { live: registration.id });
  const others = registry.all().filter(({ id }) => id !== registration.id);
  const warnings = warningsOf([...others, appservice], serverName, new Set([registration.id]));
  return { appservice, warnings, lineOf };
}

function registeredAlready(id: string): string {
  return `${JSON.stringify(id)} is registered already: give it another id, or replace it (--replace)`;
}

function refused(complaints: readonly Complaint[]): MatrixError {
  const [first] = complaints;
  const json = complaints.map(({ line, path, reason }): JsonObject => ({ line, path, reason }));
  const where = first === undefined ? '' : ` (line ${first.line}, ${first.path || 'as a whole'}: ${first.reason})`;
  return new MatrixError('M_INVALID_PARAM', `The registration is refused${where}.`, { fields: { complaints: json } });
}

function notLive(registry: AppserviceRegistry, id: string): MatrixError {
  const source = registry.byId(id)?.source;
  if (source === undefined || !('file' in source))
    return new MatrixError('M_NOT_FOUND', 'There is no application service with that id.');
  return new MatrixError(
    'M_FORBIDDEN',
    `${id} belongs to the file ${source.file}: put the new as_token and hs_token there, or delete it, and the server follows within ` +
      'a second; an as_token that is replaced lives for an hour more.',
    { fields: { file: source.file } },
  );
}

/** The text with other tokens: in place where they stand plainly, so that comments stay; else written anew. */
function withTokens(
  text: string,
  serverName: string,
  tokens: { readonly asToken: string; readonly hsToken: string },
): { readonly registration: Registration; readonly text: string } {
  const read = (source: string) => {
    const loaded = loadRegistration(source, { file: '', serverName });
    if (loaded.outcome === 'loaded') return loaded.registration;
    throw new Error('a registration that was accepted is refused now');
  };
  const before = read(text);
  const wanted = JSON.stringify({ ...before, ...tokens });
  const inPlace = text.replaceAll(before.asToken, tokens.asToken).replaceAll(before.hsToken, tokens.hsToken);
  const parsed = safely(() => read(inPlace));
  if (parsed !== undefined && JSON.stringify(parsed) === wanted) return { registration: parsed, text: inPlace };
  const fields = readYaml(text).value as JsonObject;
  const anew = JSON.stringify({ ...fields, as_token: tokens.asToken, hs_token: tokens.hsToken }, undefined, 2);
  return { registration: read(anew), text: anew };
}

function safely<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined; // the tokens stood for something else as well
  }
}
