// Made by scripts/generate-endpoints from data/api/client-server/administrative_contact.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getAccount3PIDs = {
  operation: "getAccount3PIDs",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/account/3pid",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3account3pid",
} as const satisfies Endpoint;

export const post3PIDs = {
  operation: "post3PIDs",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/account/3pid",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      three_pid_creds: {
        type: "object",
        properties: {
          client_secret: { type: "string" },
          id_server: { type: "string" },
          id_access_token: { type: "string" },
          sid: { type: "string" },
        },
        required: ["client_secret", "id_server", "id_access_token", "sid"],
      },
    },
    required: ["three_pid_creds"],
  },
  deprecated: true,
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3pid",
} as const satisfies Endpoint;

export const add3PID = {
  operation: "add3PID",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/account/3pid/add",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      auth: { type: "object", properties: { type: { type: "string" }, session: { type: "string" } } },
      client_secret: { type: "string" },
      sid: { type: "string" },
    },
    required: ["client_secret", "sid"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3pidadd",
} as const satisfies Endpoint;

export const bind3PID = {
  operation: "bind3PID",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/account/3pid/bind",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      client_secret: { type: "string" },
      id_server: { type: "string" },
      id_access_token: { type: "string" },
      sid: { type: "string" },
    },
    required: ["client_secret", "id_server", "id_access_token", "sid"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3pidbind",
} as const satisfies Endpoint;

export const delete3pidFromAccount = {
  operation: "delete3pidFromAccount",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/account/3pid/delete",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      id_server: { type: "string" },
      medium: { type: "string", enum: ["email", "msisdn"] },
      address: { type: "string" },
    },
    required: ["medium", "address"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3piddelete",
} as const satisfies Endpoint;

export const unbind3pidFromAccount = {
  operation: "unbind3pidFromAccount",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/account/3pid/unbind",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      id_server: { type: "string" },
      medium: { type: "string", enum: ["email", "msisdn"] },
      address: { type: "string" },
    },
    required: ["medium", "address"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3pidunbind",
} as const satisfies Endpoint;

export const requestTokenTo3PIDEmail = {
  operation: "requestTokenTo3PIDEmail",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/account/3pid/email/requestToken",
  auth: "none",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { id_server: { type: "string" }, id_access_token: { type: "string" } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3pidemailrequesttoken",
} as const satisfies Endpoint;

export const requestTokenTo3PIDMSISDN = {
  operation: "requestTokenTo3PIDMSISDN",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/account/3pid/msisdn/requestToken",
  auth: "none",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { id_server: { type: "string" }, id_access_token: { type: "string" } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3account3pidmsisdnrequesttoken",
} as const satisfies Endpoint;
