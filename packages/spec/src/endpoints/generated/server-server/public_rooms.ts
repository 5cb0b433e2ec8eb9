// Made by scripts/generate-endpoints from data/api/server-server/public_rooms.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getPublicRooms = {
  operation: "getPublicRooms",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/publicRooms",
  auth: "server",
  rateLimit: "none",
  body: "none",
  query: [
    { name: "limit", type: "integer" },
    { name: "since", type: "string" },
    { name: "include_all_networks", type: "boolean" },
    { name: "third_party_instance_id", type: "string" },
  ],
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1publicrooms",
} as const satisfies Endpoint;

export const queryPublicRooms = {
  operation: "queryPublicRooms",
  api: "server-server",
  method: "POST",
  path: "/_matrix/federation/v1/publicRooms",
  auth: "server",
  rateLimit: "none",
  body: "json",
  request: {
    type: "object",
    properties: {
      limit: { type: "integer" },
      since: { type: "string" },
      filter: {
        type: "object",
        properties: {
          generic_search_term: { type: "string" },
          room_types: { type: "array", items: { type: ["string", "null"] } },
        },
      },
      include_all_networks: { type: "boolean" },
      third_party_instance_id: { type: "string" },
    },
  },
  link: "https://spec.matrix.org/v1.19/server-server-api/#post_matrixfederationv1publicrooms",
} as const satisfies Endpoint;
