// Made by scripts/generate-endpoints from data/api/client-server/versions.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getVersions = {
  operation: "getVersions",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/versions",
  auth: "optional",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientversions",
} as const satisfies Endpoint;
