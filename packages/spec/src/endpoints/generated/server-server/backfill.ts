// Made by scripts/generate-endpoints from data/api/server-server/backfill.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const backfillRoom = {
  operation: "backfillRoom",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/backfill/{roomId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  query: [{ name: "v", type: "array", required: true }, { name: "limit", type: "integer", required: true }],
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1backfillroomid",
} as const satisfies Endpoint;

export const getMissingPreviousEvents = {
  operation: "getMissingPreviousEvents",
  api: "server-server",
  method: "POST",
  path: "/_matrix/federation/v1/get_missing_events/{roomId}",
  auth: "server",
  rateLimit: "none",
  body: "json",
  request: {
    type: "object",
    properties: {
      limit: { type: "integer" },
      min_depth: { type: "integer" },
      earliest_events: { type: "array", items: { type: "string" } },
      latest_events: { type: "array", items: { type: "string" } },
    },
    required: ["earliest_events", "latest_events"],
  },
  link: "https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1get_missing_eventsroomid",
} as const satisfies Endpoint;
