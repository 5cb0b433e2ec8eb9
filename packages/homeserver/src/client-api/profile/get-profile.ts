// GET /profile/{userId} and GET /profile/{userId}/{keyName}. Users of other servers are asked for by the injected lookup.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3profileuserid

import { type JsonObject, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { checkFieldName, getProfile } from '../../accounts/profiles.ts';
import { findAccount } from '../../accounts/users.ts';
import type { ApiRequest, Route } from '../../http/route.ts';

/** What looking a profile up needs of the house. */
export interface GetProfileParts {
  readonly db: Parameters<typeof getProfile>[0];
  readonly serverName: string;
  /** Makes a user exist whom only an application service knows yet; false when it does not know them either. */
  readonly askAppservices: (userId: string, asking?: string) => Promise<boolean>;
}

/** GET /profile/{userId} */
export function getWholeProfile(parts: GetProfileParts): Route {
  return {
    endpoint: endpoints.getUserProfile,
    async handle(request) {
      return { json: await lookUp(parts, request) };
    },
  };
}

/** GET /profile/{userId}/{keyName} */
export function getProfileField(parts: GetProfileParts): Route {
  return {
    endpoint: endpoints.getProfileField,
    async handle(request) {
      const field = request.path['keyName'] ?? '';
      checkFieldName(field);
      const profile = await lookUp(parts, request);
      const value = profile[field];
      if (value !== undefined) return { json: { [field]: value } };
      // Before v1.16 these two were always there, perhaps empty: clients rely on the 200.
      if (field === 'displayname' || field === 'avatar_url') return { json: {} };
      throw new MatrixError('M_NOT_FOUND', 'this user has set no such field');
    },
  };
}

async function lookUp(parts: GetProfileParts, { path, requester }: ApiRequest): Promise<JsonObject> {
  const { userId = '' } = path;
  const colon = userId.indexOf(':');
  if (!userId.startsWith('@') || colon === -1) throw new MatrixError('M_INVALID_PARAM', 'this is not a user id');
  if (userId.slice(colon + 1) !== parts.serverName) {
    throw new MatrixError('M_NOT_FOUND', 'profiles of other servers are not known here');
  }
  const known =
    (await findAccount(parts.db, userId)) !== undefined ||
    (await parts.askAppservices(userId, requester?.appserviceId));
  if (!known) throw new MatrixError('M_NOT_FOUND', 'there is no such user');
  return getProfile(parts.db, userId);
}
