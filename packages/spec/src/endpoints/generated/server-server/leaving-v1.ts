// Made by scripts/generate-endpoints from data/api/server-server/leaving-v1.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const makeLeave = {
  operation: "makeLeave",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/make_leave/{roomId}/{userId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_leaveroomiduserid",
} as const satisfies Endpoint;
