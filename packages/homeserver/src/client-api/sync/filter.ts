// POST /user/{userId}/filter and GET /user/{userId}/filter/{filterId}.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3useruseridfilter

import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { defineFilter, getFilter } from '../../accounts/filters.ts';
import { requesterOf } from '../../http/requester.ts';
import type { ApiRequest, Route } from '../../http/route.ts';

/** What filters need of the house. */
export interface FilterParts {
  readonly db: Parameters<typeof getFilter>[0];
}

/** POST /user/{userId}/filter */
export function postFilter(parts: FilterParts): Route {
  return {
    endpoint: endpoints.defineFilter,
    async handle(request) {
      return { json: { filter_id: await defineFilter(parts.db, ownUser(request), request.body) } };
    },
  };
}

/** GET /user/{userId}/filter/{filterId} */
export function getOneFilter(parts: FilterParts): Route {
  return {
    endpoint: endpoints.getFilter,
    async handle(request) {
      return { json: await getFilter(parts.db, ownUser(request), request.path['filterId'] ?? '') };
    },
  };
}

function ownUser(request: ApiRequest): string {
  const { userId } = requesterOf(request);
  if (request.path['userId'] !== userId) throw new MatrixError('M_FORBIDDEN', 'the filters of other users are theirs');
  return userId;
}
