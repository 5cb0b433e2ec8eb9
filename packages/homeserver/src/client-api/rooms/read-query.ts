// Query parameters that several reads of rooms share: how many, from where, filtered how.
// https://spec.matrix.org/v1.19/client-server-api/#pagination
import { MatrixError, parseJsonObject } from '@pons/spec';
import { parseRoomEventFilter, type RoomEventFilter } from '../../accounts/filters.ts';
import type { ApiRequest } from '../../http/route.ts';
import { parseHistoryToken } from '../../rooms/history-token.ts';
import type { RoomReadParts } from '../../rooms/present-events.ts';

/** Events on one page at most, whatever is asked for. */
const limitMax = 1_000;

/** The `limit` of a request, at most 1,000. @throws MatrixError M_INVALID_PARAM */
export function limitOf({ query }: ApiRequest, otherwise: number): number {
  const text = query.get('limit');
  if (text === null) return otherwise;
  const limit = Number(text);
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new MatrixError('M_INVALID_PARAM', 'limit must be a number of events.');
  }
  return Math.min(limit, limitMax);
}

/** The place that a token parameter names; undefined when it is not given. @throws MatrixError M_INVALID_PARAM */
export function placeParameter({ query }: ApiRequest, name: string, { positionOfSync }: RoomReadParts) {
  const token = query.get(name);
  return token === null || token === '' ? undefined : parseHistoryToken(token, positionOfSync);
}

/** The `filter` of a request. @throws MatrixError M_NOT_JSON, M_BAD_JSON */
export function filterOf({ query }: ApiRequest): RoomEventFilter | undefined {
  const text = query.get('filter');
  return text === null || text === '' ? undefined : parseRoomEventFilter(parseJsonObject(text, 'any'));
}
