// Made by scripts/generate-endpoints from data/api/server-server/keys_server.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getServerKey = {
  operation: "getServerKey",
  api: "server-server",
  method: "GET",
  path: "/_matrix/key/v2/server",
  auth: "none",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixkeyv2server",
} as const satisfies Endpoint;
