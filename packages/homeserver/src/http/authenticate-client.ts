// Who calls: the access token of a client or the as_token of an application service, from the Authorization header or (deprecated,
// but servers must take it) from the query. What a token means is the accounts' and the application services' business: compose.ts
// gives us the function that knows.
// https://spec.matrix.org/v1.19/client-server-api/#using-access-tokens

import type { IncomingHttpHeaders } from 'node:http';
import { MatrixError } from '@pons/spec';
import type { Endpoint } from '@pons/spec/endpoints';
import type { Requester } from '../platform/requester.ts';
import { assertOpenTo } from './restricted-calls.ts';

/** What comes with a token: whom an application service acts as, and from where. */
export interface TokenClaim {
  /** `user_id` of the query: only of meaning with an as_token. */
  readonly userId?: string;
  /** `device_id` of the query: likewise. */
  readonly deviceId?: string;
  readonly remoteAddress: string;
  /** What is called: some tokens are not good for everything. */
  readonly call: { readonly endpoint: Endpoint; readonly path: Readonly<Record<string, string>> };
}

/**
 * Who a token stands for; `undefined` for an unknown one.
 *
 * @throws MatrixError when the token is known and the claim is not allowed: M_FORBIDDEN, M_UNKNOWN_DEVICE; M_UNKNOWN_TOKEN with
 *         soft_logout for one that has expired
 */
export type ResolveToken = (token: string, claim: TokenClaim) => Promise<Requester | undefined> | Requester | undefined;

/** What authentication reads of a request. */
export interface Credentials {
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  /** Path parameters. */
  readonly path: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
}

// Here an application service names the user in the body, who may not exist yet: `user_id` means nothing.
const namesUserInBody = new Set(['register', 'login']);

/**
 * The requester of a call, by the endpoint's auth kind; `undefined` only where a token is optional.
 *
 * @throws MatrixError M_MISSING_TOKEN, M_UNKNOWN_TOKEN, M_FORBIDDEN, M_USER_LOCKED, M_USER_SUSPENDED
 */
export async function authenticateClient(
  endpoint: Endpoint,
  credentials: Credentials,
  resolveToken: ResolveToken,
): Promise<Requester | undefined> {
  const token = bearerOf(credentials);
  if (token === undefined) {
    if (endpoint.auth === 'optional') return undefined;
    throw new MatrixError('M_MISSING_TOKEN', 'This endpoint needs an access token.');
  }
  const requester = await resolveToken(token, claimOf(endpoint, credentials));
  if (requester === undefined) throw new MatrixError('M_UNKNOWN_TOKEN', 'The access token is not known.');
  assertOpenTo(requester, endpoint.operation);
  if (endpoint.auth === 'asToken' && requester.appserviceId === undefined) {
    throw new MatrixError('M_FORBIDDEN', 'Only application services may call this, with their as_token.');
  }
  if (endpoint.auth === 'admin' && !requester.admin) {
    throw new MatrixError('M_FORBIDDEN', 'Only administrators of this server may call this.');
  }
  return requester;
}

/**
 * The token that a request carries.
 *
 * @throws MatrixError M_MISSING_TOKEN where it is given twice, or in another way than as a bearer
 */
export function bearerOf({ headers, query }: Pick<Credentials, 'headers' | 'query'>): string | undefined {
  const { authorization } = headers;
  const inQuery = query.get('access_token') ?? undefined;
  if (authorization === undefined) return inQuery === '' ? undefined : inQuery;
  if (inQuery !== undefined) {
    throw new MatrixError(
      'M_MISSING_TOKEN',
      'Give the access token once: in the Authorization header or in the query.',
    );
  }
  const bearer = /^bearer +(\S+)$/i.exec(authorization.trim());
  if (bearer === null) throw new MatrixError('M_MISSING_TOKEN', 'The Authorization header must be "Bearer <token>".');
  return bearer[1];
}

function claimOf(endpoint: Endpoint, { query, path, remoteAddress }: Credentials): TokenClaim {
  const call = { endpoint, path };
  if (query.size === 0 || namesUserInBody.has(endpoint.operation)) return { remoteAddress, call };
  const userId = query.get('user_id');
  // The name under which it was proposed is still what older bridges send.
  const deviceId = query.get('device_id') ?? query.get('org.matrix.msc3202.device_id');
  return {
    remoteAddress,
    call,
    ...(userId === null ? {} : { userId }),
    ...(deviceId === null ? {} : { deviceId }),
  };
}
