// Made by scripts/generate-endpoints from data/api/client-server/leaving.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const leaveRoom = {
  operation: "leaveRoom",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/rooms/{roomId}/leave",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { reason: { type: "string" } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidleave",
} as const satisfies Endpoint;

export const forgetRoom = {
  operation: "forgetRoom",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/rooms/{roomId}/forget",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidforget",
} as const satisfies Endpoint;
