// Made by scripts/generate-endpoints from data/api/client-server/to_device.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const sendToDevice = {
  operation: "sendToDevice",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/sendToDevice/{eventType}/{txnId}",
  auth: "accessToken",
  rateLimit: "message",
  body: "json",
  request: {
    type: "object",
    properties: {
      messages: { type: "object", additionalProperties: { type: "object", additionalProperties: { type: "object" } } },
    },
    required: ["messages"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3sendtodeviceeventtypetxnid",
} as const satisfies Endpoint;
