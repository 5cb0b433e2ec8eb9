// Made by scripts/generate-endpoints from data/api/server-server/joins-v2.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const sendJoinV2 = {
  operation: "sendJoinV2",
  api: "server-server",
  method: "PUT",
  path: "/_matrix/federation/v2/send_join/{roomId}/{eventId}",
  auth: "server",
  rateLimit: "none",
  body: "json",
  query: [{ name: "omit_members", type: "boolean" }],
  request: {
    type: "object",
    properties: {
      sender: { type: "string" },
      origin: { type: "string" },
      origin_server_ts: { type: "integer" },
      type: { type: "string" },
      state_key: { type: "string" },
      content: {
        type: "object",
        properties: { membership: { type: "string" }, join_authorised_via_users_server: { type: "string" } },
        required: ["membership"],
      },
    },
    required: ["state_key", "sender", "origin", "origin_server_ts", "type", "content"],
  },
  link: "https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv2send_joinroomideventid",
} as const satisfies Endpoint;
