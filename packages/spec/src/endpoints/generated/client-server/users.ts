// Made by scripts/generate-endpoints from data/api/client-server/users.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const searchUserDirectory = {
  operation: "searchUserDirectory",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/user_directory/search",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: { search_term: { type: "string" }, limit: { type: "integer" } },
    required: ["search_term"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3user_directorysearch",
} as const satisfies Endpoint;
