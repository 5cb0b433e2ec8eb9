// Made by scripts/generate-endpoints from data/api/application-service/query_room.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const queryRoomByAlias = {
  operation: "queryRoomByAlias",
  api: "application-service",
  method: "GET",
  path: "/_matrix/app/v1/rooms/{roomAlias}",
  auth: "hsToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/application-service-api/#get_matrixappv1roomsroomalias",
} as const satisfies Endpoint;
