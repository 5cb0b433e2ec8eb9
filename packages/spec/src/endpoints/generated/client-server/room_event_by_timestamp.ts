// Made by scripts/generate-endpoints from data/api/client-server/room_event_by_timestamp.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getEventByTimestamp = {
  operation: "getEventByTimestamp",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/rooms/{roomId}/timestamp_to_event",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [
    { name: "ts", type: "integer", required: true },
    { name: "dir", type: "string", required: true, values: ["f", "b"] },
  ],
  since: "1.6",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event",
} as const satisfies Endpoint;
