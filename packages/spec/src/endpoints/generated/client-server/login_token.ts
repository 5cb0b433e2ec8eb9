// Made by scripts/generate-endpoints from data/api/client-server/login_token.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const generateLoginToken = {
  operation: "generateLoginToken",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v1/login/get_token",
  auth: "accessToken",
  rateLimit: "login",
  body: "json",
  request: {
    type: "object",
    properties: { auth: { type: "object", properties: { type: { type: "string" }, session: { type: "string" } } } },
  },
  since: "1.7",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv1loginget_token",
} as const satisfies Endpoint;
