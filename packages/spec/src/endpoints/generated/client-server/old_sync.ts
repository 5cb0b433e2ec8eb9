// Made by scripts/generate-endpoints from data/api/client-server/old_sync.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getEvents = {
  operation: "getEvents",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/events",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "from", type: "string" }, { name: "timeout", type: "integer" }],
  deprecated: true,
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3events",
} as const satisfies Endpoint;

export const initialSync = {
  operation: "initialSync",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/initialSync",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "limit", type: "integer" }, { name: "archived", type: "boolean" }],
  deprecated: true,
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3initialsync",
} as const satisfies Endpoint;

export const getOneEvent = {
  operation: "getOneEvent",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/events/{eventId}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  deprecated: true,
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3eventseventid",
} as const satisfies Endpoint;
