// Made by scripts/generate-endpoints from data/api/client-server/room_summary.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getRoomSummary = {
  operation: "getRoomSummary",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/room_summary/{roomIdOrAlias}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "via", type: "array" }],
  since: "1.15",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1room_summaryroomidoralias",
} as const satisfies Endpoint;
