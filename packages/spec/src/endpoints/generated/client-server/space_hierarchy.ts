// Made by scripts/generate-endpoints from data/api/client-server/space_hierarchy.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getSpaceHierarchy = {
  operation: "getSpaceHierarchy",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/rooms/{roomId}/hierarchy",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [
    { name: "suggested_only", type: "boolean" },
    { name: "limit", type: "integer" },
    { name: "max_depth", type: "integer" },
    { name: "from", type: "string" },
  ],
  since: "1.2",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidhierarchy",
} as const satisfies Endpoint;
