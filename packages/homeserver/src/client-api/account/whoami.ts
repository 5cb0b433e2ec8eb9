// GET /account/whoami: who the token stands for.
// https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3accountwhoami

import type { JsonObject } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** GET /account/whoami */
export function whoami(): Route {
  return {
    endpoint: endpoints.getTokenOwner,
    handle(request) {
      const { userId, deviceId, guest } = requesterOf(request);
      const json: JsonObject = { user_id: userId, is_guest: guest };
      if (deviceId !== undefined) json['device_id'] = deviceId;
      return Promise.resolve({ json });
    },
  };
}
