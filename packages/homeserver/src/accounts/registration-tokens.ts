// Registration tokens: valid while unexpired and not used up. Checked as a stage of interactive auth, counted when the account is made.
// https://spec.matrix.org/v1.19/client-server-api/#token-authenticated-registration

import { MatrixError } from '@pons/spec';
import type { Queryable } from '../storage/database.ts';
import { consumeToken, insertToken, isTokenValid } from '../storage/tables/registration-tokens.ts';

const tokenGrammar = /^[A-Za-z0-9._~-]{1,64}$/;

/** Whether a token would let somebody register now. */
export async function isRegistrationTokenValid(db: Queryable, token: string, now: number): Promise<boolean> {
  return tokenGrammar.test(token) && (await isTokenValid(db, token, now));
}

/**
 * Counts a use, in the transaction that makes the account.
 *
 * @throws MatrixError M_FORBIDDEN when others used it up meanwhile
 */
export async function spendRegistrationToken(tx: Queryable, token: string, now: number): Promise<void> {
  if (!(await consumeToken(tx, token, now))) {
    throw new MatrixError('M_FORBIDDEN', 'the registration token was used up meanwhile: ask for another');
  }
}

/** Makes a token. @throws MatrixError M_INVALID_PARAM when it exists or breaks the grammar */
export async function addRegistrationToken(
  db: Queryable,
  token: { token: string; usesAllowed: number | null; expiresTs: number | null },
): Promise<void> {
  if (!tokenGrammar.test(token.token)) {
    throw new MatrixError('M_INVALID_PARAM', 'a registration token has 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -');
  }
  if (!(await insertToken(db, token))) throw new MatrixError('M_INVALID_PARAM', 'that registration token exists');
}
