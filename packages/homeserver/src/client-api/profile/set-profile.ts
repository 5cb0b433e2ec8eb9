// PUT and DELETE /profile/{userId}/{keyName}.
// https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3profileuseridkeyname

import { type JsonValue, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { type SetProfileParts, setProfile } from '../../actions/set-profile.ts';
import { requesterOf } from '../../http/requester.ts';
import type { ApiRequest, Route } from '../../http/route.ts';

/** PUT /profile/{userId}/{keyName} */
export function setProfileField(parts: SetProfileParts): Route {
  return {
    endpoint: endpoints.setProfileField,
    async handle(request) {
      const field = request.path['keyName'] ?? '';
      if (!Object.hasOwn(request.body, field)) {
        throw new MatrixError('M_MISSING_PARAM', 'the body must have the member that the path names');
      }
      await change(parts, request, request.body[field]);
      return { json: {} };
    },
  };
}

/** DELETE /profile/{userId}/{keyName} */
export function deleteProfileField(parts: SetProfileParts): Route {
  return {
    endpoint: endpoints.deleteProfileField,
    async handle(request) {
      await change(parts, request, undefined);
      return { json: {} };
    },
  };
}

async function change(parts: SetProfileParts, request: ApiRequest, value: JsonValue | undefined): Promise<void> {
  await setProfile(parts, requesterOf(request), {
    userId: request.path['userId'] ?? '',
    field: request.path['keyName'] ?? '',
    value,
    ...(request.trace === undefined ? {} : { trace: request.trace }),
  });
}
