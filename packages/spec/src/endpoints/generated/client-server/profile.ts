// Made by scripts/generate-endpoints from data/api/client-server/profile.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getProfileField = {
  operation: "getProfileField",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/profile/{userId}/{keyName}",
  auth: "optional",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3profileuseridkeyname",
} as const satisfies Endpoint;

export const setProfileField = {
  operation: "setProfileField",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/profile/{userId}/{keyName}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object" },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3profileuseridkeyname",
} as const satisfies Endpoint;

export const deleteProfileField = {
  operation: "deleteProfileField",
  api: "client-server",
  method: "DELETE",
  path: "/_matrix/client/v3/profile/{userId}/{keyName}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  since: "1.16",
  link: "https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3profileuseridkeyname",
} as const satisfies Endpoint;

export const getUserProfile = {
  operation: "getUserProfile",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/profile/{userId}",
  auth: "optional",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3profileuserid",
} as const satisfies Endpoint;
