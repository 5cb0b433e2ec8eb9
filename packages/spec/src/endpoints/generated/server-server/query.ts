// Made by scripts/generate-endpoints from data/api/server-server/query.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const queryInfo = {
  operation: "queryInfo",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/query/{queryType}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1queryquerytype",
} as const satisfies Endpoint;

export const queryRoomDirectory = {
  operation: "queryRoomDirectory",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/query/directory",
  auth: "server",
  rateLimit: "none",
  body: "none",
  query: [{ name: "room_alias", type: "string", required: true }],
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1querydirectory",
} as const satisfies Endpoint;

export const queryProfile = {
  operation: "queryProfile",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/query/profile",
  auth: "server",
  rateLimit: "none",
  body: "none",
  query: [{ name: "user_id", type: "string", required: true }, { name: "field", type: "string" }],
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1queryprofile",
} as const satisfies Endpoint;
