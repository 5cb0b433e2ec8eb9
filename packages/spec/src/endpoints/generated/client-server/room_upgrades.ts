// Made by scripts/generate-endpoints from data/api/client-server/room_upgrades.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const upgradeRoom = {
  operation: "upgradeRoom",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/rooms/{roomId}/upgrade",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: { new_version: { type: "string" }, additional_creators: { type: "array", items: { type: "string" } } },
    required: ["new_version"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidupgrade",
} as const satisfies Endpoint;
