// Who makes this request: for handlers of endpoints that cannot be called by nobody.

import { MatrixError } from '@pons/spec';
import type { Requester } from '../platform/requester.ts';
import type { ApiRequest } from './route.ts';

/**
 * The requester of a request.
 *
 * @throws MatrixError M_MISSING_TOKEN when the endpoint takes an optional token and there was none
 */
export function requesterOf(request: ApiRequest): Requester {
  if (request.requester === undefined) throw new MatrixError('M_MISSING_TOKEN', 'This needs an access token.');
  return request.requester;
}
