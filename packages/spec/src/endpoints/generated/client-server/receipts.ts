// Made by scripts/generate-endpoints from data/api/client-server/receipts.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const postReceipt = {
  operation: "postReceipt",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { thread_id: { type: "string" } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreceiptreceipttypeeventid",
} as const satisfies Endpoint;
