// Refresh tokens: one is exchanged for a new pair. The old one stays valid until the new access or refresh token is used, so a client that
// never received the answer can ask again; asking again voids the pair that was never used.
// https://spec.matrix.org/v1.19/client-server-api/#refreshing-access-tokens

import { MatrixError } from '@pons/spec';
import { accountLocked } from '../platform/restricted-account.ts';
import type { Database } from '../storage/database.ts';
import { deleteTokensOfRefresh } from '../storage/tables/access-tokens.ts';
import { deleteRefreshToken, lockRefreshToken, setNextRefreshToken } from '../storage/tables/refresh-tokens.ts';
import type { AccessTokens, IssuedTokens } from './access-tokens.ts';
import { hashToken } from './token-strings.ts';

/**
 * Exchanges a refresh token for a new access and refresh token of the same device.
 *
 * @throws MatrixError M_UNKNOWN_TOKEN when it was never valid, is revoked, or what it was exchanged for is in use; M_USER_LOCKED
 */
export async function exchangeRefreshToken(
  db: Database,
  accessTokens: AccessTokens,
  refreshToken: string,
): Promise<IssuedTokens> {
  const hash = hashToken(refreshToken);
  if (hash === undefined) throw unknownRefreshToken();
  const ended: Buffer[] = [];
  const issued = await db.transaction(async (tx) => {
    const row = await lockRefreshToken(tx, hash);
    if (row === undefined) throw unknownRefreshToken();
    if (row.locked) throw accountLocked();
    const owner = { userId: row.user_id, deviceId: row.device_id };
    ended.push(...(await accessTokens.endPrevious(tx, owner, hash)));
    if (row.next_hash !== null) {
      const unused = await deleteTokensOfRefresh(tx, owner, [row.next_hash]);
      await deleteRefreshToken(tx, row.next_hash);
      await accessTokens.revoked(tx, unused);
      ended.push(...unused);
    }
    const tokens = await accessTokens.issue(tx, { ...owner, refreshable: true });
    const next = hashToken(tokens.refreshToken ?? '');
    if (next !== undefined) await setNextRefreshToken(tx, hash, next);
    return tokens;
  });
  for (const tokenHash of ended) accessTokens.forget('token', tokenHash.toString('hex'));
  return issued;
}

function unknownRefreshToken(): MatrixError {
  return new MatrixError('M_UNKNOWN_TOKEN', 'the refresh token is not known: log in again');
}
