// Made by scripts/generate-endpoints from data/api/client-server/relations.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getRelatingEvents = {
  operation: "getRelatingEvents",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/rooms/{roomId}/relations/{eventId}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [
    { name: "from", type: "string" },
    { name: "to", type: "string" },
    { name: "limit", type: "integer" },
    { name: "dir", type: "string", values: ["b", "f"] },
    { name: "recurse", type: "boolean" },
  ],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidrelationseventid",
} as const satisfies Endpoint;

export const getRelatingEventsWithRelType = {
  operation: "getRelatingEventsWithRelType",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [
    { name: "from", type: "string" },
    { name: "to", type: "string" },
    { name: "limit", type: "integer" },
    { name: "dir", type: "string", values: ["b", "f"] },
    { name: "recurse", type: "boolean" },
  ],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidrelationseventidreltype",
} as const satisfies Endpoint;

export const getRelatingEventsWithRelTypeAndEventType = {
  operation: "getRelatingEventsWithRelTypeAndEventType",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/rooms/{roomId}/relations/{eventId}/{relType}/{eventType}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [
    { name: "from", type: "string" },
    { name: "to", type: "string" },
    { name: "limit", type: "integer" },
    { name: "dir", type: "string", values: ["b", "f"] },
    { name: "recurse", type: "boolean" },
  ],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidrelationseventidreltypeeventtype",
} as const satisfies Endpoint;
