// Made by scripts/generate-endpoints from data/api/server-server/invites-v2.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const sendInviteV2 = {
  operation: "sendInviteV2",
  api: "server-server",
  method: "PUT",
  path: "/_matrix/federation/v2/invite/{roomId}/{eventId}",
  auth: "server",
  rateLimit: "none",
  body: "json",
  request: {
    type: "object",
    properties: {
      room_version: { type: "string" },
      event: {
        type: "object",
        properties: {
          sender: { type: "string" },
          origin: { type: "string" },
          origin_server_ts: { type: "integer" },
          type: { type: "string" },
          state_key: { type: "string" },
          content: { type: "object", properties: { membership: { type: "string" } }, required: ["membership"] },
        },
        required: ["state_key", "sender", "origin", "origin_server_ts", "type", "content"],
      },
      invite_room_state: { type: "array", items: { type: "object" } },
    },
    required: ["room_version", "event"],
  },
  link: "https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2inviteroomideventid",
} as const satisfies Endpoint;
