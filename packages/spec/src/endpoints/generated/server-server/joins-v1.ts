// Made by scripts/generate-endpoints from data/api/server-server/joins-v1.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const makeJoin = {
  operation: "makeJoin",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/make_join/{roomId}/{userId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  query: [{ name: "ver", type: "array" }],
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1make_joinroomiduserid",
} as const satisfies Endpoint;
