// Made by scripts/generate-endpoints from data/api/client-server/account-data.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getAccountData = {
  operation: "getAccountData",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/user/{userId}/account_data/{type}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridaccount_datatype",
} as const satisfies Endpoint;

export const setAccountData = {
  operation: "setAccountData",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/user/{userId}/account_data/{type}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object" },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridaccount_datatype",
} as const satisfies Endpoint;

export const getAccountDataPerRoom = {
  operation: "getAccountDataPerRoom",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridroomsroomidaccount_datatype",
} as const satisfies Endpoint;

export const setAccountDataPerRoom = {
  operation: "setAccountDataPerRoom",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object" },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridroomsroomidaccount_datatype",
} as const satisfies Endpoint;
