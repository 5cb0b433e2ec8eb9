// Made by scripts/generate-endpoints from data/api/client-server/third_party_membership.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const inviteBy3PID = {
  operation: "inviteBy3PID",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/rooms/{roomId}/invite",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      id_server: { type: "string" },
      id_access_token: { type: "string" },
      medium: { type: "string" },
      address: { type: "string" },
    },
    required: ["id_server", "id_access_token", "medium", "address"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidinvite",
} as const satisfies Endpoint;
