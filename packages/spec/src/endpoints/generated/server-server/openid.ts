// Made by scripts/generate-endpoints from data/api/server-server/openid.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const exchangeOpenIdToken = {
  operation: "exchangeOpenIdToken",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/openid/userinfo",
  auth: "none",
  rateLimit: "none",
  body: "none",
  query: [{ name: "access_token", type: "string", required: true }],
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1openiduserinfo",
} as const satisfies Endpoint;
