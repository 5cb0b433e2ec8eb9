// Made by scripts/generate-endpoints from data/api/client-server/room_send.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const sendMessage = {
  operation: "sendMessage",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}",
  auth: "accessToken",
  rateLimit: "message",
  body: "json",
  request: { type: "object" },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid",
} as const satisfies Endpoint;
