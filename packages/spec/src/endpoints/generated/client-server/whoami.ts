// Made by scripts/generate-endpoints from data/api/client-server/whoami.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getTokenOwner = {
  operation: "getTokenOwner",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/account/whoami",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3accountwhoami",
} as const satisfies Endpoint;
