// Made by scripts/generate-endpoints from data/api/client-server/report_content.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const reportRoom = {
  operation: "reportRoom",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/rooms/{roomId}/report",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { reason: { type: "string" } }, required: ["reason"] },
  since: "1.13",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreport",
} as const satisfies Endpoint;

export const reportEvent = {
  operation: "reportEvent",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/rooms/{roomId}/report/{eventId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { reason: { type: "string" } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreporteventid",
} as const satisfies Endpoint;

export const reportUser = {
  operation: "reportUser",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/users/{userId}/report",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { reason: { type: "string" } }, required: ["reason"] },
  since: "1.14",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3usersuseridreport",
} as const satisfies Endpoint;
