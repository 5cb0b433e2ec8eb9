// Made by scripts/generate-endpoints from data/api/client-server/knocking.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const knockRoom = {
  operation: "knockRoom",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/knock/{roomIdOrAlias}",
  auth: "accessToken",
  rateLimit: "join",
  body: "json",
  query: [{ name: "via", type: "array" }],
  request: { type: "object", properties: { reason: { type: "string" } } },
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3knockroomidoralias",
} as const satisfies Endpoint;
