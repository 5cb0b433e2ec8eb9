// Made by scripts/generate-endpoints from data/api/server-server/user_keys.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const claimUserEncryptionKeys = {
  operation: "claimUserEncryptionKeys",
  api: "server-server",
  method: "POST",
  path: "/_matrix/federation/v1/user/keys/claim",
  auth: "server",
  rateLimit: "none",
  body: "json",
  request: {
    type: "object",
    properties: {
      one_time_keys: { type: "object", additionalProperties: { type: "object", additionalProperties: { type: "string" } } },
    },
    required: ["one_time_keys"],
  },
  link: "https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1userkeysclaim",
} as const satisfies Endpoint;

export const queryUserEncryptionKeys = {
  operation: "queryUserEncryptionKeys",
  api: "server-server",
  method: "POST",
  path: "/_matrix/federation/v1/user/keys/query",
  auth: "server",
  rateLimit: "none",
  body: "json",
  request: {
    type: "object",
    properties: { device_keys: { type: "object", additionalProperties: { type: "array", items: { type: "string" } } } },
    required: ["device_keys"],
  },
  link: "https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1userkeysquery",
} as const satisfies Endpoint;
