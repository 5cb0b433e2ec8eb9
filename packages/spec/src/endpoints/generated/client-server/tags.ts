// Made by scripts/generate-endpoints from data/api/client-server/tags.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getRoomTags = {
  operation: "getRoomTags",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridroomsroomidtags",
} as const satisfies Endpoint;

export const setRoomTag = {
  operation: "setRoomTag",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { order: { type: "number" } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridroomsroomidtagstag",
} as const satisfies Endpoint;

export const deleteRoomTag = {
  operation: "deleteRoomTag",
  api: "client-server",
  method: "DELETE",
  path: "/_matrix/client/v3/user/{userId}/rooms/{roomId}/tags/{tag}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3useruseridroomsroomidtagstag",
} as const satisfies Endpoint;
