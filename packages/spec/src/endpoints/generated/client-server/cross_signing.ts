// Made by scripts/generate-endpoints from data/api/client-server/cross_signing.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const uploadCrossSigningKeys = {
  operation: "uploadCrossSigningKeys",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/keys/device_signing/upload",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      master_key: {
        type: "object",
        properties: {
          user_id: { type: "string" },
          usage: { type: "array", items: { type: "string", enum: ["master", "self_signing", "user_signing"] } },
          keys: { type: "object", additionalProperties: { type: "string" } },
          signatures: { type: "object" },
        },
        required: ["user_id", "usage", "keys"],
      },
      self_signing_key: {
        type: "object",
        properties: {
          user_id: { type: "string" },
          usage: { type: "array", items: { type: "string", enum: ["master", "self_signing", "user_signing"] } },
          keys: { type: "object", additionalProperties: { type: "string" } },
          signatures: { type: "object" },
        },
        required: ["user_id", "usage", "keys"],
      },
      user_signing_key: {
        type: "object",
        properties: {
          user_id: { type: "string" },
          usage: { type: "array", items: { type: "string", enum: ["master", "self_signing", "user_signing"] } },
          keys: { type: "object", additionalProperties: { type: "string" } },
          signatures: { type: "object" },
        },
        required: ["user_id", "usage", "keys"],
      },
      auth: { type: "object", properties: { type: { type: "string" }, session: { type: "string" } } },
    },
  },
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keysdevice_signingupload",
} as const satisfies Endpoint;

export const uploadCrossSigningSignatures = {
  operation: "uploadCrossSigningSignatures",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/keys/signatures/upload",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", additionalProperties: { type: "object", additionalProperties: { type: "object" } } },
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3keyssignaturesupload",
} as const satisfies Endpoint;
