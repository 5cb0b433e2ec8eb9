// Made by scripts/generate-endpoints from data/api/server-server/event_auth.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getEventAuth = {
  operation: "getEventAuth",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/event_auth/{roomId}/{eventId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1event_authroomideventid",
} as const satisfies Endpoint;
