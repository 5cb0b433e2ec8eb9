// Made by scripts/generate-endpoints from data/api/client-server/joining.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const joinRoomById = {
  operation: "joinRoomById",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/rooms/{roomId}/join",
  auth: "accessToken",
  rateLimit: "join",
  body: "json",
  request: {
    type: "object",
    properties: {
      third_party_signed: {
        type: "object",
        properties: {
          sender: { type: "string" },
          mxid: { type: "string" },
          token: { type: "string" },
          signatures: {
            type: "object",
            additionalProperties: { type: "object", additionalProperties: { type: "string" } },
          },
        },
        required: ["sender", "mxid", "token", "signatures"],
      },
      reason: { type: "string" },
    },
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidjoin",
} as const satisfies Endpoint;

export const joinRoom = {
  operation: "joinRoom",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/join/{roomIdOrAlias}",
  auth: "accessToken",
  rateLimit: "join",
  body: "json",
  query: [{ name: "via", type: "array" }],
  request: {
    type: "object",
    properties: {
      third_party_signed: {
        type: "object",
        properties: {
          sender: { type: "string" },
          mxid: { type: "string" },
          token: { type: "string" },
          signatures: {
            type: "object",
            additionalProperties: { type: "object", additionalProperties: { type: "string" } },
          },
        },
        required: ["sender", "mxid", "token", "signatures"],
      },
      reason: { type: "string" },
    },
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3joinroomidoralias",
} as const satisfies Endpoint;
