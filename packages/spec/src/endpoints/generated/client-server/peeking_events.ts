// Made by scripts/generate-endpoints from data/api/client-server/peeking_events.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const peekEvents = {
  operation: "peekEvents",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/events",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [
    { name: "from", type: "string" },
    { name: "timeout", type: "integer" },
    { name: "room_id", type: "string", required: true },
  ],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3events",
} as const satisfies Endpoint;
