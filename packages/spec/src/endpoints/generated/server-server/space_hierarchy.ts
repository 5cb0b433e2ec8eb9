// Made by scripts/generate-endpoints from data/api/server-server/space_hierarchy.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getSpaceHierarchy = {
  operation: "getSpaceHierarchy",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/hierarchy/{roomId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  query: [{ name: "suggested_only", type: "boolean" }],
  since: "1.2",
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1hierarchyroomid",
} as const satisfies Endpoint;
