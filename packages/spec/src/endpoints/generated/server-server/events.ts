// Made by scripts/generate-endpoints from data/api/server-server/events.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getRoomState = {
  operation: "getRoomState",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/state/{roomId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  query: [{ name: "event_id", type: "string", required: true }],
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1stateroomid",
} as const satisfies Endpoint;

export const getRoomStateIds = {
  operation: "getRoomStateIds",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/state_ids/{roomId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  query: [{ name: "event_id", type: "string", required: true }],
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1state_idsroomid",
} as const satisfies Endpoint;

export const getEvent = {
  operation: "getEvent",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/event/{eventId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1eventeventid",
} as const satisfies Endpoint;

export const getEventByTimestamp = {
  operation: "getEventByTimestamp",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/timestamp_to_event/{roomId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  query: [
    { name: "ts", type: "integer", required: true },
    { name: "dir", type: "string", required: true, values: ["f", "b"] },
  ],
  since: "1.6",
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1timestamp_to_eventroomid",
} as const satisfies Endpoint;
