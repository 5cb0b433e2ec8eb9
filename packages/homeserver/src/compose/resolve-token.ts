// What a bearer token means: an as_token acts for users of its namespace, any other belongs to a user's session. An application
// service that calls is alive: what waits for it is tried at once.

import type { AccessTokens } from '../accounts/access-tokens.ts';
import type { LastSeen } from '../accounts/last-seen.ts';
import type { ResolveToken } from '../http/authenticate-client.ts';
import type { Requester } from '../platform/requester.ts';
import type { Appservices } from './appservices.ts';

/** Who knows tokens. */
export interface TokenKnowledge {
  readonly appservices: Pick<Appservices, 'registry' | 'masquerading' | 'delivery'>;
  readonly accessTokens: AccessTokens;
  readonly lastSeen: LastSeen;
}

/** The function that http/authenticate-client.ts asks. */
export function resolveTokenBy({ appservices, accessTokens, lastSeen }: TokenKnowledge): ResolveToken {
  const { registry, masquerading, delivery } = appservices;
  return (token, { userId, deviceId, remoteAddress }) => {
    const appservice = registry.byToken(token);
    if (appservice === undefined) return seen(accessTokens.resolveAccessToken(token), lastSeen, remoteAddress);
    delivery.wakeAppservice(appservice.id);
    return masquerading.actAs({
      appservice,
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
