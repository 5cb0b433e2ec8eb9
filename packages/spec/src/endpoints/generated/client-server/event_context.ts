// Made by scripts/generate-endpoints from data/api/client-server/event_context.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getEventContext = {
  operation: "getEventContext",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/rooms/{roomId}/context/{eventId}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "limit", type: "integer" }, { name: "filter", type: "string" }],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidcontexteventid",
} as const satisfies Endpoint;
