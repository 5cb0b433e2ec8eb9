// GET /keys/changes: whose devices changed between two tokens of /sync.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3keyschanges

import { MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** What it needs of the house. */
export interface KeyChangesParts {
  /** The position of a token of /sync; undefined for what is none. */
  readonly positionOfSync: (token: string) => number | undefined;
  /** Whose devices changed, and who shares no room any more. */
  readonly deviceLists: (
    userId: string,
    between: { readonly after: number; readonly upTo: number },
  ) => Promise<{ readonly changed: readonly string[]; readonly left: readonly string[] }>;
}

/** GET /keys/changes */
export function getKeyChanges(parts: KeyChangesParts): Route {
  return {
    endpoint: endpoints.getKeysChanges,
    async handle({ query, ...request }) {
      const after = positionOf(parts, query.get('from'), 'from');
      const upTo = positionOf(parts, query.get('to'), 'to');
      const { userId } = requesterOf({ ...request, query });
      const { changed, left } = await parts.deviceLists(userId, { after, upTo });
      return { json: { changed: [...changed], left: [...left] } };
    },
  };
}

function positionOf(parts: KeyChangesParts, token: string | null, name: string): number {
  const position = parts.positionOfSync(token ?? '');
  if (position === undefined) throw new MatrixError('M_INVALID_PARAM', `${name} is no token of /sync`);
  return position;
}
