// Made by scripts/generate-endpoints from data/api/client-server/password_management.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const changePassword = {
  operation: "changePassword",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/account/password",
  auth: "optional",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      new_password: { type: "string" },
      logout_devices: { type: "boolean" },
      auth: { type: "object", properties: { type: { type: "string" }, session: { type: "string" } } },
    },
    required: ["new_password"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountpassword",
} as const satisfies Endpoint;

export const requestTokenToResetPasswordEmail = {
  operation: "requestTokenToResetPasswordEmail",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/account/password/email/requestToken",
  auth: "none",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { id_server: { type: "string" }, id_access_token: { type: "string" } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountpasswordemailrequesttoken",
} as const satisfies Endpoint;

export const requestTokenToResetPasswordMSISDN = {
  operation: "requestTokenToResetPasswordMSISDN",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/account/password/msisdn/requestToken",
  auth: "none",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { id_server: { type: "string" }, id_access_token: { type: "string" } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountpasswordmsisdnrequesttoken",
} as const satisfies Endpoint;
