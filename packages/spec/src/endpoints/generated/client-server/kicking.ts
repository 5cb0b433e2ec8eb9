// Made by scripts/generate-endpoints from data/api/client-server/kicking.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const kick = {
  operation: "kick",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/rooms/{roomId}/kick",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: { user_id: { type: "string" }, reason: { type: "string" } },
    required: ["user_id"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidkick",
} as const satisfies Endpoint;
