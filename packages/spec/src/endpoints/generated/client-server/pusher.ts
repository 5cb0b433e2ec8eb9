// Made by scripts/generate-endpoints from data/api/client-server/pusher.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getPushers = {
  operation: "getPushers",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/pushers",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushers",
} as const satisfies Endpoint;

export const postPusher = {
  operation: "postPusher",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/pushers/set",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      pushkey: { type: "string" },
      kind: { type: ["string", "null"] },
      app_id: { type: "string" },
      app_display_name: { type: "string" },
      device_display_name: { type: "string" },
      profile_tag: { type: "string" },
      lang: { type: "string" },
      data: {
        type: "object",
        properties: { url: { type: "string" }, format: { type: "string", enum: ["event_id_only"] } },
      },
      append: { type: "boolean" },
    },
    required: ["kind", "app_id", "pushkey"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3pushersset",
} as const satisfies Endpoint;
