// Made by scripts/generate-endpoints from data/api/client-server/list_joined_rooms.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getJoinedRooms = {
  operation: "getJoinedRooms",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/joined_rooms",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3joined_rooms",
} as const satisfies Endpoint;
