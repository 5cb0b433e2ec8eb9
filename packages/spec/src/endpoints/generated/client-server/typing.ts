// Made by scripts/generate-endpoints from data/api/client-server/typing.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const setTyping = {
  operation: "setTyping",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/rooms/{roomId}/typing/{userId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: { typing: { type: "boolean" }, timeout: { type: "integer" } },
    required: ["typing"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidtypinguserid",
} as const satisfies Endpoint;
