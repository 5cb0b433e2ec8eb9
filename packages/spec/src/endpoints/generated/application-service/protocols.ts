// Made by scripts/generate-endpoints from data/api/application-service/protocols.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getProtocolMetadata = {
  operation: "getProtocolMetadata",
  api: "application-service",
  method: "GET",
  path: "/_matrix/app/v1/thirdparty/protocol/{protocol}",
  auth: "hsToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/application-service-api/#get_matrixappv1thirdpartyprotocolprotocol",
} as const satisfies Endpoint;

export const queryUserByProtocol = {
  operation: "queryUserByProtocol",
  api: "application-service",
  method: "GET",
  path: "/_matrix/app/v1/thirdparty/user/{protocol}",
  auth: "hsToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "fields", type: "string" }],
  link: "https://spec.matrix.org/v1.19/application-service-api/#get_matrixappv1thirdpartyuserprotocol",
} as const satisfies Endpoint;

export const queryLocationByProtocol = {
  operation: "queryLocationByProtocol",
  api: "application-service",
  method: "GET",
  path: "/_matrix/app/v1/thirdparty/location/{protocol}",
  auth: "hsToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "fields", type: "string" }],
  link: "https://spec.matrix.org/v1.19/application-service-api/#get_matrixappv1thirdpartylocationprotocol",
} as const satisfies Endpoint;

export const queryLocationByAlias = {
  operation: "queryLocationByAlias",
  api: "application-service",
  method: "GET",
  path: "/_matrix/app/v1/thirdparty/location",
  auth: "hsToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "alias", type: "string" }],
  link: "https://spec.matrix.org/v1.19/application-service-api/#get_matrixappv1thirdpartylocation",
} as const satisfies Endpoint;

export const queryUserByID = {
  operation: "queryUserByID",
  api: "application-service",
  method: "GET",
  path: "/_matrix/app/v1/thirdparty/user",
  auth: "hsToken",
  rateLimit: "none",
  body: "none",
  query: [{ name: "userid", type: "string" }],
  link: "https://spec.matrix.org/v1.19/application-service-api/#get_matrixappv1thirdpartyuser",
} as const satisfies Endpoint;
