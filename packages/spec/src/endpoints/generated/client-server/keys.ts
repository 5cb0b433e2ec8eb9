// Made by scripts/generate-endpoints from data/api/client-server/keys.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const uploadKeys = {
  operation: "uploadKeys",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/keys/upload",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      device_keys: {
        type: "object",
        properties: {
          user_id: { type: "string" },
          device_id: { type: "string" },
          algorithms: { type: "array", items: { type: "string" } },
          keys: { type: "object", additionalProperties: { type: "string" } },
          signatures: {
            type: "object",
            additionalProperties: { type: "object", additionalProperties: { type: "string" } },
          },
        },
        required: ["user_id", "device_id", "algorithms", "keys", "signatures"],
      },
      one_time_keys: { type: "object" },
      fallback_keys: { type: "object" },
    },
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysupload",
} as const satisfies Endpoint;

export const queryKeys = {
  operation: "queryKeys",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/keys/query",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      timeout: { type: "integer" },
      device_keys: { type: "object", additionalProperties: { type: "array", items: { type: "string" } } },
    },
    required: ["device_keys"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysquery",
} as const satisfies Endpoint;

export const claimKeys = {
  operation: "claimKeys",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/keys/claim",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      timeout: { type: "integer" },
      one_time_keys: { type: "object", additionalProperties: { type: "object", additionalProperties: { type: "string" } } },
    },
    required: ["one_time_keys"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysclaim",
} as const satisfies Endpoint;

export const getKeysChanges = {
  operation: "getKeysChanges",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/keys/changes",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "from", type: "string", required: true }, { name: "to", type: "string", required: true }],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3keyschanges",
} as const satisfies Endpoint;
