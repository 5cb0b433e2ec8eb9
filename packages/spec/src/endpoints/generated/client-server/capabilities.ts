// Made by scripts/generate-endpoints from data/api/client-server/capabilities.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getCapabilities = {
  operation: "getCapabilities",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/capabilities",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3capabilities",
} as const satisfies Endpoint;
