// Made by scripts/generate-endpoints from data/api/client-server/room_initial_sync.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const roomInitialSync = {
  operation: "roomInitialSync",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/rooms/{roomId}/initialSync",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidinitialsync",
} as const satisfies Endpoint;
