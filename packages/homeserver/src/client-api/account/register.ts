// POST /register and GET /register/available: people by interactive auth, application services by `type` without it.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3register

import { type JsonObject, MatrixError } from '@pons/spec';
import { endpoints } from '@pons/spec/endpoints';
import {
  checkUsername,
  type RegisteredAccount,
  type RegisterParts,
  type RegistrationRequest,
  registerAccount,
  registerForAppservice,
} from '../../actions/register-account.ts';
import { isRegistrationTokenValid } from '../../accounts/registration-tokens.ts';
import type { Route } from '../../http/route.ts';
import { booleanOr, optionalString } from '../body-members.ts';

/** POST /register */
export function register(parts: RegisterParts): Route {
  return {
    endpoint: endpoints.register,
    async handle({ query, body, requester }) {
      if ((query.get('kind') ?? 'user') !== 'user') {
        throw new MatrixError('M_FORBIDDEN', 'this server has no guest accounts');
      }
      const request = registrationRequest(body);
      if (body['type'] === 'm.login.application_service') {
        if (requester === undefined) throw new MatrixError('M_MISSING_TOKEN', 'give the as_token');
        return { json: shape(await registerForAppservice(parts, requester, request)) };
      }
      const done = await registerAccount(parts, request, body);
      return done.outcome === 'challenge' ? { status: 401, json: done.body } : { json: shape(done.account) };
    },
  };
}

/** GET /register/available */
export function registerAvailable(parts: RegisterParts): Route {
  return {
    endpoint: endpoints.checkUsernameAvailability,
    async handle({ query }) {
      if (parts.registration.mode === 'closed') throw new MatrixError('M_FORBIDDEN', 'registration is closed');
      await checkUsername(parts, query.get('username') ?? '');
      return { json: { available: true } };
    },
  };
}

/** GET /register/m.login.registration_token/validity */
export function registrationTokenValidity(parts: RegisterParts): Route {
  return {
    endpoint: endpoints.registrationTokenValidity,
    async handle({ query }) {
      if (parts.registration.mode !== 'token') {
        throw new MatrixError('M_FORBIDDEN', 'registration does not ask for a token here');
      }
      return { json: { valid: await isRegistrationTokenValid(parts.db, query.get('token') ?? '', parts.now()) } };
    },
  };
}

function registrationRequest(body: JsonObject): RegistrationRequest {
  const username = optionalString(body, 'username');
  const password = optionalString(body, 'password');
  const deviceId = optionalString(body, 'device_id');
  const displayName = optionalString(body, 'initial_device_display_name');
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(displayName === undefined ? {} : { displayName }),
    inhibitLogin: booleanOr(body, 'inhibit_login', false),
    refreshable: booleanOr(body, 'refresh_token', false),
  };
}

function shape({ userId, session }: RegisteredAccount): JsonObject {
  const home_server = userId.slice(userId.indexOf(':') + 1);
  if (session === undefined) return { user_id: userId, home_server };
  return {
    user_id: userId,
    home_server,
    device_id: session.deviceId,
    access_token: session.accessToken,
    ...(session.refreshToken === undefined ? {} : { refresh_token: session.refreshToken }),
    ...(session.expiresInMs === undefined ? {} : { expires_in_ms: session.expiresInMs }),
  };
}
