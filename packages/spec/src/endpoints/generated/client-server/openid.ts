// Made by scripts/generate-endpoints from data/api/client-server/openid.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const requestOpenIdToken = {
  operation: "requestOpenIdToken",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/user/{userId}/openid/request_token",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object" },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3useruseridopenidrequest_token",
} as const satisfies Endpoint;
