// Made by scripts/generate-endpoints from data/api/client-server/list_public_rooms.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getRoomVisibilityOnDirectory = {
  operation: "getRoomVisibilityOnDirectory",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/directory/list/room/{roomId}",
  auth: "optional",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directorylistroomroomid",
} as const satisfies Endpoint;

export const setRoomVisibilityOnDirectory = {
  operation: "setRoomVisibilityOnDirectory",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/directory/list/room/{roomId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { visibility: { type: "string", enum: ["private", "public"] } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directorylistroomroomid",
} as const satisfies Endpoint;

export const getPublicRooms = {
  operation: "getPublicRooms",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/publicRooms",
  auth: "optional",
  rateLimit: "none",
  body: "none",
  query: [{ name: "limit", type: "integer" }, { name: "since", type: "string" }, { name: "server", type: "string" }],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3publicrooms",
} as const satisfies Endpoint;

export const queryPublicRooms = {
  operation: "queryPublicRooms",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/publicRooms",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  query: [{ name: "server", type: "string" }],
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
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3publicrooms",
} as const satisfies Endpoint;
