// Made by scripts/generate-endpoints from data/api/client-server/mutual_rooms.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getMutualRooms = {
  operation: "getMutualRooms",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/mutual_rooms",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [{ name: "user_id", type: "string", required: true }, { name: "from", type: "string" }],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mutual_rooms",
} as const satisfies Endpoint;
