// Made by scripts/generate-endpoints from data/api/client-server/device_management.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getDevices = {
  operation: "getDevices",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/devices",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3devices",
} as const satisfies Endpoint;

export const getDevice = {
  operation: "getDevice",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/devices/{deviceId}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3devicesdeviceid",
} as const satisfies Endpoint;

export const updateDevice = {
  operation: "updateDevice",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/devices/{deviceId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: { type: "object", properties: { display_name: { type: "string" } } },
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3devicesdeviceid",
} as const satisfies Endpoint;

export const deleteDevice = {
  operation: "deleteDevice",
  api: "client-server",
  method: "DELETE",
  path: "/_matrix/client/v3/devices/{deviceId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: { auth: { type: "object", properties: { type: { type: "string" }, session: { type: "string" } } } },
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3devicesdeviceid",
} as const satisfies Endpoint;

export const deleteDevices = {
  operation: "deleteDevices",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/delete_devices",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      devices: { type: "array", items: { type: "string" } },
      auth: { type: "object", properties: { type: { type: "string" }, session: { type: "string" } } },
    },
    required: ["devices"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3delete_devices",
} as const satisfies Endpoint;
