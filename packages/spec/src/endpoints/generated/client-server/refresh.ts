// Made by scripts/generate-endpoints from data/api/client-server/refresh.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const refresh = {
  operation: "refresh",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/refresh",
  auth: "none",
  rateLimit: "login",
  body: "json",
  request: { type: "object", properties: { refresh_token: { type: "string" } }, required: ["refresh_token"] },
  since: "1.3",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3refresh",
} as const satisfies Endpoint;
