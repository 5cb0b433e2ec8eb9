// Table `registration_tokens`: what lets somebody register where registration asks for a token.

import { type Queryable, statement } from '../database.ts';

const valid = statement(
  'registration_tokens.valid',
  `select token from registration_tokens
         where token = $1 and (uses_allowed is null or uses < uses_allowed) and (expires_ts is null or expires_ts > $2)`,
);

/** Whether a token may be used now. */
export async function isTokenValid(db: Queryable, token: string, now: number): Promise<boolean> {
  return (await db.query<{ token: string }>(valid, [token, now])).length === 1;
}

const use = statement(
  'registration_tokens.use',
  `update registration_tokens set uses = uses + 1
         where token = $1 and (uses_allowed is null or uses < uses_allowed) and (expires_ts is null or expires_ts > $2)
         returning token`,
);

/** Counts one use; false when it was used up or expired meanwhile. */
export async function consumeToken(tx: Queryable, token: string, now: number): Promise<boolean> {
  return (await tx.query<{ token: string }>(use, [token, now])).length === 1;
}

const insert = statement(
  'registration_tokens.insert',
  `insert into registration_tokens (token, uses_allowed, expires_ts) values ($1, $2, $3)
         on conflict (token) do nothing returning token`,
);

/** Makes a token; false when it exists. */
export async function insertToken(
  db: Queryable,
  row: { token: string; usesAllowed: number | null; expiresTs: number | null },
): Promise<boolean> {
  return (await db.query<{ token: string }>(insert, [row.token, row.usesAllowed, row.expiresTs])).length === 1;
}
