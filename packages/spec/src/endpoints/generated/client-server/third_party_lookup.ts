// Made by scripts/generate-endpoints from data/api/client-server/third_party_lookup.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getProtocols = {
  operation: "getProtocols",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/thirdparty/protocols",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartyprotocols",
} as const satisfies Endpoint;

export const getProtocolMetadata = {
  operation: "getProtocolMetadata",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/thirdparty/protocol/{protocol}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartyprotocolprotocol",
} as const satisfies Endpoint;

export const queryLocationByProtocol = {
  operation: "queryLocationByProtocol",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/thirdparty/location/{protocol}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "fields", type: "string" }],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartylocationprotocol",
} as const satisfies Endpoint;

export const queryUserByProtocol = {
  operation: "queryUserByProtocol",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/thirdparty/user/{protocol}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "fields", type: "string" }],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartyuserprotocol",
} as const satisfies Endpoint;

export const queryLocationByAlias = {
  operation: "queryLocationByAlias",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/thirdparty/location",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "alias", type: "string", required: true }],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartylocation",
} as const satisfies Endpoint;

export const queryUserByID = {
  operation: "queryUserByID",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/thirdparty/user",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "userid", type: "string", required: true }],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3thirdpartyuser",
} as const satisfies Endpoint;
