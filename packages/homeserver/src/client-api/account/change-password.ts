// POST /account/password.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountpassword

import { endpoints } from '@pons/spec/endpoints';
import { type ChangePasswordParts, changePassword } from '../../actions/change-password.ts';
import { requesterOf } from '../../http/requester.ts';
import type { Route } from '../../http/route.ts';
import { booleanOr, requiredString } from '../body-members.ts';

/** POST /account/password */
export function changePasswordRoute(parts: ChangePasswordParts): Route {
  return {
    endpoint: endpoints.changePassword,
    async handle(request) {
      const { body } = request;
      const newPassword = requiredString(body, 'new_password');
      const logoutDevices = booleanOr(body, 'logout_devices', true);
      const challenge = await changePassword(parts, requesterOf(request), { body, newPassword, logoutDevices });
      return challenge === undefined ? { json: {} } : { status: 401, json: challenge };
    },
  };
}
