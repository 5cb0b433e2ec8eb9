// The application services of this server, by id, by token and by what they claim. load-registrations.ts fills it from files, folder
// and table; authentication, masquerading, exclusivity and delivery ask it. Everything here is in memory and answers at once.
// https://spec.matrix.org/v1.19/application-service-api/#registration

import { createHash } from 'node:crypto';
import { compileAddresses, type CompiledNamespaces, compileNamespaces, type Registration } from '@pons/registration';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import { narrowingKey, narrowingKeyId } from './narrowed-token.ts';

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
  /** Whether its as_token is good from this address; absent: from anywhere. */
  readonly allowsAddress?: (address: string) => boolean;
  /** The hs_token that was replaced lately: for an application service that does not know the new one yet. */
  readonly oldHsToken?: { readonly token: string; readonly untilTs: number };
}

/** What became of the registrations at a load. A changed one is removed and added. */
export interface RegistryChange {
  readonly added: readonly Appservice[];
  readonly removed: readonly Appservice[];
}

/** An as_token that was replaced and still lives for a while. */
export interface OldToken {
  /** SHA-256. */
  readonly hash: Buffer;
  readonly appserviceId: string;
  readonly untilTs: number;
}

/** Asks and replaces. */
export interface AppserviceRegistry {
  readonly serverName: string;
  all(): readonly Appservice[];
  byId(id: string): Appservice | undefined;
  /** By its as_token, or one that was replaced lately. The time taken says nothing of how close a wrong one came. */
  byToken(asToken: string): Appservice | undefined;
  /** By the id of the key that its narrowed tokens are made from (narrowed-token.ts), with that key. */
  byNarrowingKey(keyId: string): { readonly appservice: Appservice; readonly key: Buffer } | undefined;
  /** Those whose users namespace holds this user, their senders included. Remembered for recent users. */
  ofUser(userId: string): readonly Appservice[];
  ofAlias(alias: string): readonly Appservice[];
  ofRoom(roomId: string): readonly Appservice[];
  /** Puts these in place of all there were; ids and tokens are unique (load-registrations.ts sees to it). */
  replace(appservices: readonly Appservice[], oldTokens?: readonly OldToken[]): RegistryChange;
  /** Calls back after each change, also when only a replaced token has ended. Returns the way to stop. */
  onChange(listener: (change: RegistryChange) => void): () => void;
}

/** Users whose verdict is remembered: about 5 MB. */
const usersRememberedMax = 20_000;
const nobody: readonly Appservice[] = [];

/** An application service of a registration, for this server. */
export function toAppservice(registration: Registration, serverName: string, source: RegistrationSource): Appservice {
  const { allowedAddresses } = registration.pons;
  return {
    id: registration.id,
    registration,
    ...(allowedAddresses === undefined ? {} : { allowsAddress: compileAddresses(allowedAddresses) }),
    namespaces: compileNamespaces(registration, serverName),
    sender: `@${registration.senderLocalpart}:${serverName}`,
    source,
  };
}

/** SHA-256 of an as_token, as it is stored. */
export function hashAsToken(asToken: string): Buffer {
  return createHash('sha256').update(asToken).digest();
}

interface KnownToken {
  readonly appservice: Appservice;
  readonly untilTs: number;
  /** Of its narrowed tokens; undefined for one that was replaced before this process was there, until somebody presents it. */
  readonly key: Buffer | undefined;
}
interface NarrowingKey extends KnownToken {
  readonly key: Buffer;
}

/**
 * An empty registry.
 *
 * @param now  the clock by which replaced tokens end
 */
export function createRegistry(serverName: string, now: () => number = () => 0): AppserviceRegistry {
  let current: readonly Appservice[] = [];
  let byId = new Map<string, Appservice>();
  let byTokenHash = new Map<string, KnownToken>();
  let byKeyId = new Map<string, NarrowingKey>();
  const users = new LRUCache<string, readonly Appservice[]>(atMost(usersRememberedMax));
  const listeners = new Set<(change: RegistryChange) => void>();

  function whoClaims(claims: (appservice: Appservice) => boolean): readonly Appservice[] {
    const found = current.filter(claims);
    return found.length === 0 ? nobody : found;
  }

  function setTokens(oldTokens: readonly OldToken[]): void {
    const before = byTokenHash;
    byTokenHash = new Map();
    byKeyId = new Map();
    for (const { hash, appserviceId, untilTs } of oldTokens) {
      const appservice = byId.get(appserviceId);
      const tokenHash = hash.toString('base64');
      // What was narrowed from it lives as long, unless this process has never known the token itself.
      if (appservice !== undefined) putToken(tokenHash, { appservice, key: before.get(tokenHash)?.key, untilTs });
    }
    for (const appservice of current) {
      const { asToken } = appservice.registration;
      putToken(keyOf(asToken), { appservice, key: narrowingKey(asToken), untilTs: Number.POSITIVE_INFINITY });
    }
  }

  function putToken(tokenHash: string, known: KnownToken): void {
    const { key } = known;
    byTokenHash.set(tokenHash, known);
    if (key !== undefined) byKeyId.set(narrowingKeyId(key), { ...known, key });
  }

  return {
    serverName,
    all: () => current,
    byId: (id) => byId.get(id),
    byToken(asToken) {
      const tokenHash = keyOf(asToken);
      const known = byTokenHash.get(tokenHash);
      if (known === undefined || now() >= known.untilTs) return undefined;
      // Whoever presents it may narrow it.
      if (known.key === undefined) putToken(tokenHash, { ...known, key: narrowingKey(asToken) });
      return known.appservice;
    },
    byNarrowingKey(keyId) {
      const known = byKeyId.get(keyId);
      return known !== undefined && now() < known.untilTs ? known : undefined;
    },
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
    replace(appservices, oldTokens = []) {
      const change = {
        added: appservices.filter((appservice) => !current.includes(appservice)),
        removed: current.filter((appservice) => !appservices.includes(appservice)),
      };
      current = [...appservices];
      byId = new Map(current.map((appservice) => [appservice.id, appservice]));
      const tokensBefore = byTokenHash;
      setTokens(oldTokens);
      users.clear();
      // Who is connected by a token that has ended must hear of it too.
      const tokenEnded = [...tokensBefore.keys()].some((hash) => !byTokenHash.has(hash));
      if (tokenEnded || change.added.length + change.removed.length > 0)
        for (const listener of listeners) listener(change);
      return change;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

// A lookup by hash: what an attacker could measure is the time of comparing hashes, which tells nothing of the token.
function keyOf(token: string): string {
  return hashAsToken(token).toString('base64');
}
