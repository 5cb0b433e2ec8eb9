// Made by scripts/generate-endpoints from data/api/server-server/user_devices.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getUserDevices = {
  operation: "getUserDevices",
  api: "server-server",
  method: "GET",
  path: "/_matrix/federation/v1/user/devices/{userId}",
  auth: "server",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/server-server-api/#get_matrixfederationv1userdevicesuserid",
} as const satisfies Endpoint;
