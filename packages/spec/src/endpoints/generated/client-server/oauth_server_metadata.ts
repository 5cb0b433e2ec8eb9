// Made by scripts/generate-endpoints from data/api/client-server/oauth_server_metadata.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getAuthMetadata = {
  operation: "getAuthMetadata",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/auth_metadata",
  auth: "none",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1auth_metadata",
} as const satisfies Endpoint;
