// Made by scripts/generate-endpoints from data/api/client-server/message_pagination.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getRoomEvents = {
  operation: "getRoomEvents",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/rooms/{roomId}/messages",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [
    { name: "from", type: "string" },
    { name: "to", type: "string" },
    { name: "dir", type: "string", required: true, values: ["b", "f"] },
    { name: "limit", type: "integer" },
    { name: "filter", type: "string" },
  ],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages",
} as const satisfies Endpoint;
