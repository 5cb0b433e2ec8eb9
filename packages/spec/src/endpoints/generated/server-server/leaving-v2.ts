// Made by scripts/generate-endpoints from data/api/server-server/leaving-v2.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const sendLeaveV2 = {
  operation: "sendLeaveV2",
  api: "server-server",
  method: "PUT",
  path: "/_matrix/federation/v2/send_leave/{roomId}/{eventId}",
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
      depth: { type: "integer" },
    },
    required: ["state_key", "sender", "origin", "origin_server_ts", "type", "depth", "content"],
  },
  link: "https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_leaveroomideventid",
} as const satisfies Endpoint;
