// Made by scripts/generate-endpoints from data/api/client-server/redaction.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const redactEvent = {
  operation: "redactEvent",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}",
  auth: "accessToken",
  rateLimit: "message",
  body: "json",
  request: { type: "object", properties: { reason: { type: "string" } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid",
} as const satisfies Endpoint;
