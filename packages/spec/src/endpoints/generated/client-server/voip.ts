// Made by scripts/generate-endpoints from data/api/client-server/voip.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getTurnServer = {
  operation: "getTurnServer",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/voip/turnServer",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3voipturnserver",
} as const satisfies Endpoint;
