// POST /logout and /logout/all.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3logout

import { endpoints } from '@pons/spec/endpoints';
import type { DevicesParts } from '../../accounts/devices.ts';
import { logOut, logOutEverywhere } from '../../actions/log-out.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';

/** POST /logout */
export function logout(parts: DevicesParts): Route {
  return {
    endpoint: endpoints.logout,
    async handle(request) {
      await logOut(parts, requesterOf(request));
      return { json: {} };
    },
  };
}

/** POST /logout/all */
export function logoutAll(parts: DevicesParts): Route {
  return {
    endpoint: endpoints.logout_all,
    async handle(request) {
      await logOutEverywhere(parts, requesterOf(request).userId);
      return { json: {} };
    },
  };
}
