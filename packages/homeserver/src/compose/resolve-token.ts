// What a bearer token means: an as_token acts for users of its namespace, one that was narrowed from it likewise, within its bounds, and
// any other belongs to a user's session. An application service that calls is alive: what waits for it is tried at once.

import type { AccessTokens } from '../accounts/access-tokens.ts';
import type { LastSeen } from '../accounts/last-seen.ts';
import { assertCallsFrom } from '../appservices/calls-from.ts';
import { isNarrowedToken, openNarrowedToken } from '../appservices/narrowed-token.ts';
import type { ResolveToken } from '../http/authenticate-client.ts';
import type { Requester } from '../platform/requester.ts';
import type { Appservices } from './appservices.ts';

/** Who knows tokens. */
export interface TokenKnowledge {
  readonly appservices: Pick<Appservices, 'registry' | 'masquerading' | 'delivery'>;
  readonly accessTokens: AccessTokens;
  readonly lastSeen: LastSeen;
  /** Milliseconds since 1970: some tokens end. */
  readonly now: () => number;
}

/** The function that http/authenticate-client.ts asks. */
export function resolveTokenBy({ appservices, accessTokens, lastSeen, now }: TokenKnowledge): ResolveToken {
  const { registry, masquerading, delivery } = appservices;
  return (token, { userId, deviceId, remoteAddress, call }) => {
    const narrowed = isNarrowedToken(token)
      ? openNarrowedToken(token, (keyId) => registry.byNarrowingKey(keyId), now())
      : undefined;
    const appservice = narrowed?.appservice ?? registry.byToken(token);
    if (appservice === undefined) return seen(accessTokens.resolveAccessToken(token), lastSeen, remoteAddress);
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

async function seen(resolving: Promise<Requester>, lastSeen: LastSeen, address: string): Promise<Requester> {
  const requester = await resolving;
  if (requester.deviceId !== undefined) lastSeen.note(requester.userId, requester.deviceId, address);
  return requester;
}
