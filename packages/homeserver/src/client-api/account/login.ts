// GET and POST /login: with a password, or as an application service.
// https://spec.matrix.org/v1.19/client-server-api/#legacy-login

import { type JsonObject, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import {
  type LoggedIn,
  type LogInParts,
  type LogInRequest,
  logInForAppservice,
  logInWithPassword,
} from '../../actions/log-in.ts';
import type { Route } from '../../http/route.ts';
import { booleanOr, optionalObject, optionalString, requiredString } from '../body-members.ts';

/** GET /login */
export function loginFlows(): Route {
  const flows = [{ type: 'm.login.password' }, { type: 'm.login.application_service' }];
  return { endpoint: endpoints.getLoginFlows, handle: () => Promise.resolve({ json: { flows } }) };
}

/** POST /login */
export function login(parts: LogInParts): Route {
  return {
    endpoint: endpoints.login,
    async handle({ body, requester }) {
      const type = requiredString(body, 'type');
      if (type === 'm.login.password') {
        return { json: shape(await logInWithPassword(parts, logInRequest(body), requiredString(body, 'password'))) };
      }
      if (type === 'm.login.application_service') {
        return { json: shape(await logInForAppservice(parts, requester, logInRequest(body))) };
      }
      throw new MatrixError('M_UNKNOWN', 'this login type is not offered: see GET /login', { status: 400 });
    },
  };
}

function logInRequest(body: JsonObject): LogInRequest {
  const identifier = optionalObject(body, 'identifier');
  const kind = optionalString(identifier, 'type') ?? 'm.id.user';
  if (kind !== 'm.id.user') {
    throw new MatrixError('M_UNKNOWN', 'only identifiers of type m.id.user are known here', { status: 400 });
  }
  // `user` at the top is how it was said before identifiers.
  const user = optionalString(identifier, 'user') ?? requiredString(body, 'user');
  const deviceId = optionalString(body, 'device_id');
  const displayName = optionalString(body, 'initial_device_display_name');
  return {
    user,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(displayName === undefined ? {} : { displayName }),
    refreshable: booleanOr(body, 'refresh_token', false),
  };
}

function shape(session: LoggedIn): JsonObject {
  return {
    user_id: session.userId,
    home_server: session.userId.slice(session.userId.indexOf(':') + 1),
    device_id: session.deviceId,
    access_token: session.accessToken,
    ...(session.refreshToken === undefined ? {} : { refresh_token: session.refreshToken }),
    ...(session.expiresInMs === undefined ? {} : { expires_in_ms: session.expiresInMs }),
  };
}
