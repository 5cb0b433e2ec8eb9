// Made by scripts/generate-endpoints from data/api/client-server/presence.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getPresence = {
  operation: "getPresence",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/presence/{userId}/status",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3presenceuseridstatus",
} as const satisfies Endpoint;

export const setPresence = {
  operation: "setPresence",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/presence/{userId}/status",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      presence: { type: "string", enum: ["online", "offline", "unavailable"] },
      status_msg: { type: "string" },
    },
    required: ["presence"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3presenceuseridstatus",
} as const satisfies Endpoint;
