// Made by scripts/generate-endpoints from data/api/application-service/transactions.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const sendTransaction = {
  operation: "sendTransaction",
  api: "application-service",
  method: "PUT",
  path: "/_matrix/app/v1/transactions/{txnId}",
  auth: "hsToken",
  rateLimit: "none",
  body: "json",
  request: {
    type: "object",
    properties: {
      events: {
        type: "array",
        items: {
          type: "object",
          properties: {
            event_id: { type: "string" },
            type: { type: "string" },
            state_key: { type: "string" },
            sender: { type: "string" },
            origin_server_ts: { type: "integer" },
            content: { type: "object" },
            unsigned: { properties: { redacted_because: {} } },
            room_id: { type: "string" },
          },
          required: ["event_id", "type", "sender", "origin_server_ts", "content", "room_id"],
        },
      },
      ephemeral: { type: "array" },
    },
    required: ["events"],
  },
  link: "https://spec.matrix.org/v1.19/application-service-api/#put_matrixappv1transactionstxnid",
} as const satisfies Endpoint;
