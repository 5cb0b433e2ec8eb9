// Access tokens: handed out at login, registration and refresh; resolved on every request of a user. Resolved ones stay in memory (LRU);
// whoever ends a token tells all processes by an invalidation row in the same transaction, so it dies everywhere within a second. While
// such rows cannot be heard, the memory is not used. http/authenticate-client.ts asks `resolveAccessToken`.
// https://spec.matrix.org/v1.19/client-server-api/#using-access-tokens

import { MatrixError } from '@pons/spec';
import { LRUCache } from 'lru-cache';
import { atMost } from '../platform/at-most.ts';
import type { Requester } from '../platform/requester.ts';
import { restrictionOf } from '../platform/restricted-account.ts';
import type { Database, Queryable } from '../storage/database.ts';
import { deleteTokensOfRefresh, findAccessToken, insertAccessToken } from '../storage/tables/access-tokens.ts';
import { deletePreviousRefreshTokens, insertRefreshToken } from '../storage/tables/refresh-tokens.ts';
import type { Invalidations } from '../stream/invalidate.ts';
import { hashToken, newToken } from './token-strings.ts';

/** What access tokens are made of. */
export interface AccessTokensParts {
  readonly db: Database;
  readonly now: () => number;
  readonly randomBytes: (size: number) => Buffer;
  readonly invalidations: Pick<Invalidations, 'invalidate' | 'isCurrent'>;
  /** Somebody else remembers users too (appservices/masquerade.ts): told whenever one is forgotten here. */
  readonly userForgotten?: (userId: string) => void;
  /** Whether the configuration names this user an administrator. */
  readonly isAdmin: (userId: string) => boolean;
}

/** What a client gets for a session. */
export interface IssuedTokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly expiresInMs?: number;
}

/** Life of an access token whose client can refresh it; others never expire. */
const refreshableLifetimeMs = 60 * 60_000;
/** About 400 bytes each. */
const cachedTokensMax = 20_000;

interface CachedToken {
  readonly requester: Requester;
  readonly expiresTs: number | null;
}

/** Issues and resolves access tokens. */
export class AccessTokens {
  readonly #parts: AccessTokensParts;
  readonly #cache = new LRUCache<string, CachedToken>(atMost(cachedTokensMax));
  /** Counts what was forgotten: an answer read before that is not kept. */
  #forgotten = 0;

  constructor(parts: AccessTokensParts) {
    this.#parts = parts;
  }

  /**
   * Who a bearer token belongs to.
   *
   * @throws MatrixError M_UNKNOWN_TOKEN; with `soft_logout` for a token that has only expired
   */
  async resolveAccessToken(token: string): Promise<Requester> {
    const hash = hashToken(token);
    if (hash === undefined) throw unknownToken();
    const key = hash.toString('hex');
    const cached = this.#parts.invalidations.isCurrent() ? this.#cache.get(key) : undefined;
    const known = cached ?? (await this.#load(hash, key));
    if (known.expiresTs !== null && known.expiresTs <= this.#parts.now()) {
      throw new MatrixError('M_UNKNOWN_TOKEN', 'the access token has expired: refresh it, or log in again', {
        fields: { soft_logout: true },
      });
    }
    return known.requester;
  }

  /** Hands out a token for a device that exists, in the caller's transaction. */
  async issue(
    tx: Queryable,
    session: { userId: string; deviceId: string; refreshable: boolean },
  ): Promise<IssuedTokens> {
    const { now, randomBytes } = this.#parts;
    const { userId, deviceId } = session;
    const createdTs = now();
    const accessToken = newToken('access', randomBytes);
    const refreshToken = session.refreshable ? newToken('refresh', randomBytes) : undefined;
    const refreshHash = refreshToken === undefined ? null : (hashToken(refreshToken) ?? null);
    if (refreshHash !== null) await insertRefreshToken(tx, { tokenHash: refreshHash, userId, deviceId, createdTs });
    await insertAccessToken(tx, {
      tokenHash: hashToken(accessToken) ?? Buffer.alloc(0),
      userId,
      deviceId,
      refreshHash,
      expiresTs: refreshToken === undefined ? null : createdTs + refreshableLifetimeMs,
      createdTs,
    });
    return refreshToken === undefined
      ? { accessToken }
      : { accessToken, refreshToken, expiresInMs: refreshableLifetimeMs };
  }

  /** Adds to a transaction what makes every process forget these tokens; call `forget` after it committed. */
  async revoked(tx: Queryable, hashes: readonly Buffer[]): Promise<void> {
    if (hashes.length === 0) return;
    await this.#parts.invalidations.invalidate(
      tx,
      'token',
      hashes.map((hash) => hash.toString('hex')),
    );
  }

  /** Adds to a transaction what makes every process look this account up again; call `forget` after it committed. */
  async userChanged(tx: Queryable, userId: string): Promise<void> {
    await this.#parts.invalidations.invalidate(tx, 'user', [userId]);
  }

  /** Forgets a token (its hash in hex) or all tokens of a user: called for our own changes and for invalidations that were heard. */
  forget(kind: 'token' | 'user', key: string): void {
    this.#forgotten += 1;
    if (kind === 'token') {
      this.#cache.delete(key);
      return;
    }
    this.#parts.userForgotten?.(key);
    for (const [hash, { requester }] of this.#cache.entries()) {
      if (requester.userId === key) this.#cache.delete(hash);
    }
  }

  /** Forgets everything: invalidations may have been missed. */
  forgetAll(): void {
    this.#forgotten += 1;
    this.#cache.clear();
  }

  async #load(hash: Buffer, key: string): Promise<CachedToken> {
    const before = this.#forgotten;
    const row = await findAccessToken(this.#parts.db, hash);
    if (row === undefined || row.deactivated) throw unknownToken();
    const known: CachedToken = {
      requester: {
        userId: row.user_id,
        deviceId: row.device_id,
        admin: row.admin || this.#parts.isAdmin(row.user_id),
        guest: row.guest,
        rateLimited: true,
        tokenHash: key,
        ...restrictionOf(row),
      },
      expiresTs: row.expires_ts,
    };
    // First use, or first in this process: from now on the tokens it replaced are void.
    if (row.refresh_hash !== null) {
      await this.#endPrevious({ userId: row.user_id, deviceId: row.device_id }, row.refresh_hash);
    }
    if (this.#forgotten === before) this.#cache.set(key, known);
    return known;
  }

  /** "The old refresh token remains valid until the new access token or refresh token is used." */
  async #endPrevious(owner: { userId: string; deviceId: string }, refreshHash: Buffer): Promise<void> {
    const ended = await this.#parts.db.transaction((tx) => this.endPrevious(tx, owner, refreshHash));
    for (const tokenHash of ended) this.forget('token', tokenHash.toString('hex'));
  }

  /** Ends what was exchanged for this refresh token, in the caller's transaction; answers the access tokens to `forget` after it. */
  async endPrevious(
    tx: Queryable,
    owner: { userId: string; deviceId: string },
    refreshHash: Buffer,
  ): Promise<Buffer[]> {
    const previous = await deletePreviousRefreshTokens(tx, owner, refreshHash);
    if (previous.length === 0) return [];
    const ended = await deleteTokensOfRefresh(tx, owner, previous);
    await this.revoked(tx, ended);
    return ended;
  }
}

function unknownToken(): MatrixError {
  return new MatrixError('M_UNKNOWN_TOKEN', 'the access token is not known: log in again');
}
