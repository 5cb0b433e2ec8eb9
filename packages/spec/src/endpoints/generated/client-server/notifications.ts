// Made by scripts/generate-endpoints from data/api/client-server/notifications.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getNotifications = {
  operation: "getNotifications",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/notifications",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "from", type: "string" }, { name: "limit", type: "integer" }, { name: "only", type: "string" }],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3notifications",
} as const satisfies Endpoint;
