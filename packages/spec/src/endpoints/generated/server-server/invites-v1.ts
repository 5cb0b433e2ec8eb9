// Made by scripts/generate-endpoints from data/api/server-server/invites-v1.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const sendInviteV1 = {
  operation: "sendInviteV1",
  api: "server-server",
  method: "PUT",
  path: "/_matrix/federation/v1/invite/{roomId}/{eventId}",
  auth: "server",
  rateLimit: "none",
  body: "json",
  request: {
    type: "object",
    properties: {
      sender: { type: "string" },
      origin: { type: "string" },
      origin_server_ts: { type: "integer" },
      type: { type: "string" },
      state_key: { type: "string" },
      content: { type: "object", properties: { membership: { type: "string" } }, required: ["membership"] },
      unsigned: { type: "object", properties: { invite_room_state: { type: "array", items: { type: "object" } } } },
    },
    required: ["state_key", "sender", "origin", "origin_server_ts", "type", "content"],
  },
  link: "https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1inviteroomideventid",
} as const satisfies Endpoint;
