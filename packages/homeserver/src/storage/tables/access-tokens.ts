// Table `access_tokens`: SHA-256 of each token, never the token. Each belongs to a device and dies with it.

import { type Queryable, statement } from '../database.ts';

/** A token together with what its owner may do. */
export interface AccessTokenRow {
  readonly user_id: string;
  readonly device_id: string;
  readonly refresh_hash: Buffer | null;
  readonly expires_ts: number | null;
  readonly admin: boolean;
  readonly guest: boolean;
  readonly deactivated: boolean;
  readonly locked: boolean;
  readonly suspended: boolean;
}

const insert = statement(
  'access_tokens.insert',
  `insert into access_tokens (token_hash, user_id, device_id, refresh_hash, expires_ts, created_ts)
         values ($1, $2, $3, $4, $5, $6)`,
);

/** Stores the hash of a token that is about to be handed out. */
export async function insertAccessToken(
  db: Queryable,
  token: {
    tokenHash: Buffer;
    userId: string;
    deviceId: string;
    refreshHash: Buffer | null;
    expiresTs: number | null;
    createdTs: number;
  },
): Promise<void> {
  await db.query(insert, [
    token.tokenHash,
    token.userId,
    token.deviceId,
    token.refreshHash,
    token.expiresTs,
    token.createdTs,
  ]);
}

const byHash = statement(
  'access_tokens.by_hash',
  `select t.user_id, t.device_id, t.refresh_hash, t.expires_ts, u.admin, u.guest,
                u.deactivated_ts is not null as deactivated, u.locked, u.suspended
         from access_tokens t join users u on u.user_id = t.user_id where t.token_hash = $1`,
);

/** Looks a token up by its hash. */
export async function findAccessToken(db: Queryable, tokenHash: Buffer): Promise<AccessTokenRow | undefined> {
  return (await db.query<AccessTokenRow>(byHash, [tokenHash]))[0];
}

const removeOfDevices = statement(
  'access_tokens.delete_of_devices',
  `with refresh as (delete from refresh_tokens where user_id = $1 and device_id = any($2::text[]))
         delete from access_tokens where user_id = $1 and device_id = any($2::text[]) returning token_hash`,
);

/** Ends all tokens of some devices (the devices stay); answers the hashes of their access tokens. */
export async function deleteTokensOfDevices(
  db: Queryable,
  userId: string,
  deviceIds: readonly string[],
): Promise<Buffer[]> {
  const rows = await db.query<{ token_hash: Buffer }>(removeOfDevices, [userId, deviceIds]);
  return rows.map((row) => row.token_hash);
}

const removeOfRefresh = statement(
  'access_tokens.delete_of_refresh',
  `delete from access_tokens where refresh_hash = any($1::bytea[]) and user_id = $2 and device_id = $3 returning token_hash`,
);

/** Ends the access tokens of one device that were handed out together with these refresh tokens. */
export async function deleteTokensOfRefresh(
  db: Queryable,
  owner: { userId: string; deviceId: string },
  refreshHashes: readonly Buffer[],
): Promise<Buffer[]> {
  const rows = await db.query<{ token_hash: Buffer }>(removeOfRefresh, [refreshHashes, owner.userId, owner.deviceId]);
  return rows.map((row) => row.token_hash);
}
