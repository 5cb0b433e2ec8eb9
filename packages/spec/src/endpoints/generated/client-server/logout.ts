// Made by scripts/generate-endpoints from data/api/client-server/logout.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const logout = {
  operation: "logout",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/logout",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3logout",
} as const satisfies Endpoint;

export const logout_all = {
  operation: "logout_all",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/logout/all",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3logoutall",
} as const satisfies Endpoint;
