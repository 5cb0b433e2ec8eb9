// Made by scripts/generate-endpoints from data/api/server-server/version.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getVersion = {
  operation: "getVersion",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/version",
  auth: "none",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1version",
} as const satisfies Endpoint;
