// Made by scripts/generate-endpoints from data/api/client-server/login.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getLoginFlows = {
  operation: "getLoginFlows",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/login",
  auth: "none",
  rateLimit: "default",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3login",
} as const satisfies Endpoint;

export const login = {
  operation: "login",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/login",
  auth: "optional",
  rateLimit: "login",
  body: "json",
  request: {
    type: "object",
    properties: {
      type: { type: "string" },
      identifier: { type: "object", properties: { type: { type: "string" } }, required: ["type"] },
      user: { type: "string" },
      medium: { type: "string" },
      address: { type: "string" },
      password: { type: "string" },
      token: { type: "string" },
      device_id: { type: "string" },
      initial_device_display_name: { type: "string" },
      refresh_token: { type: "boolean" },
    },
    required: ["type"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3login",
} as const satisfies Endpoint;
