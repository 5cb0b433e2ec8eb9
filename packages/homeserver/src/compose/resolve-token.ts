// What a bearer token means: an as_token acts for users of its namespace, one that was narrowed from it likewise, within its bounds, and
// any other belongs to a user's session. An application service that calls is alive: what waits for it is tried at once.

import type { AccessTokens } from '../accounts/access-tokens.ts';
import type { ActiveUsers } from '../accounts/active-users.ts';
import type { LastSeen } from '../accounts/last-seen.ts';
import { assertCallsFrom } from '../appservices/calls-from.ts';
import { isNarrowedToken, openNarrowedToken } from '../appservices/narrowed-token.ts';
import type { ResolveToken, TokenClaim } from '../http/authenticate-client.ts';
import type { Requester } from '../platform/requester.ts';
import type { Appservices } from './appservices.ts';

/** Who knows tokens. */
export interface TokenKnowledge {
  readonly appservices: Pick<Appservices, 'registry' | 'masquerading' | 'delivery'>;
  readonly accessTokens: AccessTokens;
  readonly lastSeen: LastSeen;
  readonly activeUsers: ActiveUsers;
  /** Milliseconds since 1970: some tokens end. */
  readonly now: () => number;
}

/** The function that http/authenticate-client.ts asks. */
export function resolveTokenBy({ appservices, now, ...sessions }: TokenKnowledge): ResolveToken {
  const { registry, masquerading, delivery } = appservices;
  return (token, { userId, deviceId, remoteAddress, call }) => {
    const narrowed = isNarrowedToken(token)
      ? openNarrowedToken(token, (keyId) => registry.byNarrowingKey(keyId), now())
      : undefined;
    const appservice = narrowed?.appservice ?? registry.byToken(token);
    if (appservice === undefined) return resolveSession(token, sessions, { remoteAddress, call });
    assertCallsFrom(appservice, remoteAddress);
    delivery.wakeAppservice(appservice.id);
    return masquerading.actAs({
      appservice,
      call,
      ...(narrowed === undefined ? undefined : { narrowing: narrowed.narrowing }),
      ...(userId === undefined ? {} : { userId }),
      ...(deviceId === undefined ? {} : { deviceId }),
    });
  };
}

async function resolveSession(
  token: string,
  { accessTokens, lastSeen, activeUsers }: Pick<TokenKnowledge, 'accessTokens' | 'lastSeen' | 'activeUsers'>,
  { remoteAddress, call }: Pick<TokenClaim, 'remoteAddress' | 'call'>,
): Promise<Requester> {
  const requester = await accessTokens.resolveAccessToken(token);
  const asked = activeUsers.note(requester, call.endpoint.operation);
  if (asked !== undefined) await asked;
  if (requester.deviceId !== undefined) lastSeen.note(requester.userId, requester.deviceId, remoteAddress);
  return requester;
}
