// POST /refresh: a new access and refresh token for an old refresh token.
// https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3refresh

import { endpoints } from '@pons/spec/endpoints';
import type { DevicesParts } from '../../accounts/devices.ts';
import { exchangeRefreshToken } from '../../accounts/refresh-tokens.ts';
import type { Route } from '../../http/route.ts';
import { requiredString } from '../body-members.ts';

/** POST /refresh */
export function refresh(parts: DevicesParts): Route {
  return {
    endpoint: endpoints.refresh,
    async handle({ body }) {
      const tokens = await exchangeRefreshToken(parts.db, parts.accessTokens, requiredString(body, 'refresh_token'));
      return {
        json: {
          access_token: tokens.accessToken,
          ...(tokens.refreshToken === undefined ? {} : { refresh_token: tokens.refreshToken }),
          ...(tokens.expiresInMs === undefined ? {} : { expires_in_ms: tokens.expiresInMs }),
        },
      };
    },
  };
}
