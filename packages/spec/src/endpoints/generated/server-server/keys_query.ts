// Made by scripts/generate-endpoints from data/api/server-server/keys_query.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const perspectivesKeyQuery = {
  operation: "perspectivesKeyQuery",
  api: "server-server",
  method: "GET",
  path: "/_matrix/key/v2/query/{serverName}",
  auth: "none",
  rateLimit: "none",
  body: "none",
  query: [{ name: "minimum_valid_until_ts", type: "integer" }],
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixkeyv2queryservername",
} as const satisfies Endpoint;

export const bulkPerspectivesKeyQuery = {
  operation: "bulkPerspectivesKeyQuery",
  api: "server-server",
  method: "POST",
  path: "/_matrix/key/v2/query",
  auth: "none",
  rateLimit: "none",
  body: "json",
  request: {
    type: "object",
    properties: {
      server_keys: {
        type: "object",
        additionalProperties: {
          type: "object",
          additionalProperties: { type: "object", properties: { minimum_valid_until_ts: { type: "integer" } } },
        },
      },
    },
    required: ["server_keys"],
  },
  link: "https://spec.matrix.org/v1.19/server-server-api/#post_matrixkeyv2query",
} as const satisfies Endpoint;
