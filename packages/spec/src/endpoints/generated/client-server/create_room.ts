// Made by scripts/generate-endpoints from data/api/client-server/create_room.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const createRoom = {
  operation: "createRoom",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/createRoom",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      visibility: { type: "string", enum: ["public", "private"] },
      room_alias_name: { type: "string" },
      name: { type: "string" },
      topic: { type: "string" },
      invite: { type: "array", items: { type: "string" } },
      invite_3pid: {
        type: "array",
        items: {
          type: "object",
          properties: {
            id_server: { type: "string" },
            id_access_token: { type: "string" },
            medium: { type: "string" },
            address: { type: "string" },
          },
          required: ["id_server", "id_access_token", "medium", "address"],
        },
      },
      room_version: { type: "string" },
      creation_content: { type: "object" },
      initial_state: {
        type: "array",
        items: {
          type: "object",
          properties: { type: { type: "string" }, state_key: { type: "string" }, content: { type: "object" } },
          required: ["type", "content"],
        },
      },
      preset: { type: "string", enum: ["private_chat", "public_chat", "trusted_private_chat"] },
      is_direct: { type: "boolean" },
      power_level_content_override: { type: "object" },
    },
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom",
} as const satisfies Endpoint;
