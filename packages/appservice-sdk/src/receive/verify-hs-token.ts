// Whether a request comes from our homeserver: the hs_token, in the Authorization header or, from older homeservers, in the query.
// Both sides are hashed first, so the comparison takes the same time whatever the two have in common.
// https://spec.matrix.org/v1.19/application-service-api/#authorization

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { MatrixError } from '@pons/spec';

/** Throws unless the request carries the token: 401 without any, 403 with another. */
export function verifyHsToken(request: IncomingMessage, query: URLSearchParams, hsToken: string): void {
  const header = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  // Where both are given, both must be right.
  const given = [header, ...query.getAll('access_token')].filter((token) => token !== undefined);
  if (given.length === 0) throw new MatrixError('M_UNAUTHORIZED', 'the hs_token is missing');
  if (hsToken === '' || !given.every((token) => timingSafeEqual(digest(token), digest(hsToken))))
    throw new MatrixError('M_FORBIDDEN', 'this is not the hs_token');
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
