// Made by scripts/generate-endpoints from data/api/server-server/knocks.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const makeKnock = {
  operation: "makeKnock",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/make_knock/{roomId}/{userId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  query: [{ name: "ver", type: "array", required: true }],
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_knockroomiduserid",
} as const satisfies Endpoint;

export const sendKnock = {
  operation: "sendKnock",
  api: "server-server",
  method: "PUT",
  path: "/_matrix/federation/v1/send_knock/{roomId}/{eventId}",
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
    },
    required: ["state_key", "sender", "origin", "origin_server_ts", "type", "content"],
  },
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1send_knockroomideventid",
} as const satisfies Endpoint;
