// Made by scripts/generate-endpoints from data/api/client-server/read_markers.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const setReadMarker = {
  operation: "setReadMarker",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/rooms/{roomId}/read_markers",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: { "m.fully_read": { type: "string" }, "m.read": { type: "string" }, "m.read.private": { type: "string" } },
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidread_markers",
} as const satisfies Endpoint;
