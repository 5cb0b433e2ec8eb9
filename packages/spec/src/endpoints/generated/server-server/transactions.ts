// Made by scripts/generate-endpoints from data/api/server-server/transactions.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const sendTransaction = {
  operation: "sendTransaction",
  api: "server-server",
  method: "PUT",
  path: "/_matrix/federation/v1/send/{txnId}",
  auth: "server",
  rateLimit: "none",
  body: "json",
  request: {
    type: "object",
    properties: {
      origin: { type: "string" },
      origin_server_ts: { type: "integer" },
      pdus: { type: "array", items: { type: "object" } },
      edus: {
        type: "array",
        items: {
          type: "object",
          properties: { edu_type: { type: "string" }, content: { type: "object" } },
          required: ["edu_type", "content"],
        },
      },
    },
    required: ["origin", "origin_server_ts", "pdus"],
  },
  link: "https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv1sendtxnid",
} as const satisfies Endpoint;
