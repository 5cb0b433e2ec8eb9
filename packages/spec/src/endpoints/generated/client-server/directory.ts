// Made by scripts/generate-endpoints from data/api/client-server/directory.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getRoomIdByAlias = {
  operation: "getRoomIdByAlias",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/directory/room/{roomAlias}",
  auth: "optional",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directoryroomroomalias",
} as const satisfies Endpoint;

export const setRoomAlias = {
  operation: "setRoomAlias",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/directory/room/{roomAlias}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { room_id: { type: "string" } }, required: ["room_id"] },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directoryroomroomalias",
} as const satisfies Endpoint;

export const deleteRoomAlias = {
  operation: "deleteRoomAlias",
  api: "client-server",
  method: "DELETE",
  path: "/_matrix/client/v3/directory/room/{roomAlias}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3directoryroomroomalias",
} as const satisfies Endpoint;

export const getLocalAliases = {
  operation: "getLocalAliases",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/rooms/{roomId}/aliases",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidaliases",
} as const satisfies Endpoint;
