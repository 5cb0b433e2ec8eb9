// Made by scripts/generate-endpoints from data/api/client-server/inviting.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const inviteUser = {
  operation: "inviteUser",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/rooms/{roomId}/invite",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: { user_id: { type: "string" }, reason: { type: "string" } },
    required: ["user_id"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidinvite",
} as const satisfies Endpoint;
