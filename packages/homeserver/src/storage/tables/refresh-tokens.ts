// Table `refresh_tokens`: SHA-256 of each. One that was exchanged stays until the one it was exchanged for is used (`next_hash`).
// https://spec.matrix.org/v1.19/client-server-api/#refreshing-access-tokens

import { type Queryable, statement } from '../database.ts';

export interface RefreshTokenRow {
  readonly token_hash: Buffer;
  readonly user_id: string;
  readonly device_id: string;
  readonly next_hash: Buffer | null;
  /** Its user's account is. */
  readonly locked: boolean;
}

const insert = statement(
  'refresh_tokens.insert',
  `insert into refresh_tokens (token_hash, user_id, device_id, created_ts) values ($1, $2, $3, $4)`,
);

/** Stores the hash of a refresh token that is about to be handed out. */
export async function insertRefreshToken(
  db: Queryable,
  token: { tokenHash: Buffer; userId: string; deviceId: string; createdTs: number },
): Promise<void> {
  await db.query(insert, [token.tokenHash, token.userId, token.deviceId, token.createdTs]);
}

const lock = statement(
  'refresh_tokens.lock',
  `select t.token_hash, t.user_id, t.device_id, t.next_hash, u.locked
    from refresh_tokens t join users u using (user_id) where t.token_hash = $1 for update of t`,
);

/** One refresh token, its row locked: two exchanges of the same token come one after the other. */
export async function lockRefreshToken(tx: Queryable, tokenHash: Buffer): Promise<RefreshTokenRow | undefined> {
  return (await tx.query<RefreshTokenRow>(lock, [tokenHash]))[0];
}

const setNext = statement('refresh_tokens.set_next', `update refresh_tokens set next_hash = $2 where token_hash = $1`);

/** Notes what a refresh token was exchanged for. */
export async function setNextRefreshToken(tx: Queryable, tokenHash: Buffer, nextHash: Buffer): Promise<void> {
  await tx.query(setNext, [tokenHash, nextHash]);
}

const remove = statement('refresh_tokens.delete', `delete from refresh_tokens where token_hash = $1`);

/** Ends one refresh token. */
export async function deleteRefreshToken(tx: Queryable, tokenHash: Buffer): Promise<void> {
  await tx.query(remove, [tokenHash]);
}

const removePrevious = statement(
  'refresh_tokens.delete_previous',
  `delete from refresh_tokens where user_id = $1 and device_id = $2 and next_hash = $3 returning token_hash`,
);

/** Ends the refresh tokens that were exchanged for this one, since it is now in use; answers their hashes. */
export async function deletePreviousRefreshTokens(
  tx: Queryable,
  owner: { userId: string; deviceId: string },
  nextHash: Buffer,
): Promise<Buffer[]> {
  const rows = await tx.query<{ token_hash: Buffer }>(removePrevious, [owner.userId, owner.deviceId, nextHash]);
  return rows.map((row) => row.token_hash);
}
