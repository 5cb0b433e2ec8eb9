// Made by scripts/generate-endpoints from data/api/client-server/admin.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getWhoIs = {
  operation: "getWhoIs",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/admin/whois/{userId}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3adminwhoisuserid",
} as const satisfies Endpoint;

export const getAdminSuspendUser = {
  operation: "getAdminSuspendUser",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/admin/suspend/{userId}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  since: "1.18",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1adminsuspenduserid",
} as const satisfies Endpoint;

export const setAdminSuspendUser = {
  operation: "setAdminSuspendUser",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v1/admin/suspend/{userId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { suspended: { type: "boolean" } }, required: ["suspended"] },
  since: "1.18",
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv1adminsuspenduserid",
} as const satisfies Endpoint;

export const getAdminLockUser = {
  operation: "getAdminLockUser",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/admin/lock/{userId}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  since: "1.18",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1adminlockuserid",
} as const satisfies Endpoint;

export const setAdminLockUser = {
  operation: "setAdminLockUser",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v1/admin/lock/{userId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { locked: { type: "boolean" } }, required: ["locked"] },
  since: "1.18",
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv1adminlockuserid",
} as const satisfies Endpoint;
