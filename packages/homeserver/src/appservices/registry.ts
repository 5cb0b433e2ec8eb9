// The application services of this server, by id, by token and by what they claim. load-registrations.ts fills it from files, folder
// and table; authentication, masquerading, exclusivity and delivery ask it. Everything here is in memory and answers at once.
// https://spec.matrix.org/v1.19/application-service-api/#registration

import { createHash } from 'node:crypto';
import { type CompiledNamespaces, compileNamespaces, type Registration } from '@pons/registration';
import { LRUCache } from 'lru-cache';

/** Where a registration came from: its file, or the database, by id, for one that was added live. */
export type RegistrationSource = { readonly file: string } | { readonly live: string };

/** One application service, as it runs. */
export interface Appservice {
  readonly id: string;
  readonly registration: Registration;
  readonly namespaces: CompiledNamespaces;
  /** Full user id of its own user. */
  readonly sender: string;
  readonly source: RegistrationSource;
}

/** What became of the registrations at a load. A changed one is removed and added. */
export interface RegistryChange {
  readonly added: readonly Appservice[];
  readonly removed: readonly Appservice[];
}

/** Asks and replaces. */
export interface AppserviceRegistry {
  readonly serverName: string;
  all(): readonly Appservice[];
  byId(id: string): Appservice | undefined;
  /** By its as_token. The time taken says nothing of how close a wrong one came. */
  byToken(asToken: string): Appservice | undefined;
  /** Those whose users namespace holds this user, their senders included. Remembered for recent users. */
  ofUser(userId: string): readonly Appservice[];
  ofAlias(alias: string): readonly Appservice[];
  ofRoom(roomId: string): readonly Appservice[];
  /** Puts these in place of all there were; ids and tokens are unique (load-registrations.ts sees to it). */
  replace(appservices: readonly Appservice[]): RegistryChange;
  /** Calls back after each change. Returns the way to stop. */
  onChange(listener: (change: RegistryChange) => void): () => void;
}

/** Users whose verdict is remembered: about 5 MB. */
const usersRememberedMax = 20_000;
const nobody: readonly Appservice[] = [];

/** An application service of a registration, for this server. */
export function toAppservice(registration: Registration, serverName: string, source: RegistrationSource): Appservice {
  return {
    id: registration.id,
    registration,
    namespaces: compileNamespaces(registration, serverName),
    sender: `@${registration.senderLocalpart}:${serverName}`,
    source,
  };
}

/** An empty registry. */
export function createRegistry(serverName: string): AppserviceRegistry {
  let current: readonly Appservice[] = [];
  let byId = new Map<string, Appservice>();
  let byTokenHash = new Map<string, Appservice>();
  const users = new LRUCache<string, readonly Appservice[]>({ max: usersRememberedMax });
  const listeners = new Set<(change: RegistryChange) => void>();

  function whoClaims(claims: (appservice: Appservice) => boolean): readonly Appservice[] {
    const found = current.filter(claims);
    return found.length === 0 ? nobody : found;
  }

  return {
    serverName,
    all: () => current,
    byId: (id) => byId.get(id),
    byToken: (asToken) => byTokenHash.get(tokenHash(asToken)),
    ofUser(userId) {
      let found = users.get(userId);
      if (found === undefined) {
        found = whoClaims(({ namespaces }) => namespaces.user(userId) !== 'outside');
        users.set(userId, found);
      }
      return found;
    },
    ofAlias: (alias) => whoClaims(({ namespaces }) => namespaces.alias(alias) !== 'outside'),
    ofRoom: (roomId) => whoClaims(({ namespaces }) => namespaces.room(roomId) !== 'outside'),
    replace(appservices) {
      const change = {
        added: appservices.filter((appservice) => !current.includes(appservice)),
        removed: current.filter((appservice) => !appservices.includes(appservice)),
      };
      current = [...appservices];
      byId = new Map(current.map((appservice) => [appservice.id, appservice]));
      byTokenHash = new Map(current.map((appservice) => [tokenHash(appservice.registration.asToken), appservice]));
      users.clear();
      if (change.added.length + change.removed.length > 0) for (const listener of listeners) listener(change);
      return change;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

// A lookup by hash: what an attacker could measure is the time of comparing hashes, which tells nothing of the token.
function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
