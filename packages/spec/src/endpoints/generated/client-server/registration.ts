// Made by scripts/generate-endpoints from data/api/client-server/registration.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const register = {
  operation: "register",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/register",
  auth: "optional",
  rateLimit: "registration",
  body: "json",
  query: [{ name: "kind", type: "string", values: ["guest", "user"] }],
  request: {
    type: "object",
    properties: {
      auth: { type: "object", properties: { type: { type: "string" }, session: { type: "string" } } },
      username: { type: "string" },
      password: { type: "string" },
      device_id: { type: "string" },
      initial_device_display_name: { type: "string" },
      inhibit_login: { type: "boolean" },
      refresh_token: { type: "boolean" },
    },
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3register",
} as const satisfies Endpoint;

export const requestTokenToRegisterEmail = {
  operation: "requestTokenToRegisterEmail",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/register/email/requestToken",
  auth: "none",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { id_server: { type: "string" }, id_access_token: { type: "string" } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3registeremailrequesttoken",
} as const satisfies Endpoint;

export const requestTokenToRegisterMSISDN = {
  operation: "requestTokenToRegisterMSISDN",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/register/msisdn/requestToken",
  auth: "none",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { id_server: { type: "string" }, id_access_token: { type: "string" } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3registermsisdnrequesttoken",
} as const satisfies Endpoint;

export const checkUsernameAvailability = {
  operation: "checkUsernameAvailability",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/register/available",
  auth: "none",
  rateLimit: "registration",
  body: "none",
  query: [{ name: "username", type: "string", required: true }],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3registeravailable",
} as const satisfies Endpoint;
