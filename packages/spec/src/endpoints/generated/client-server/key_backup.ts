// Made by scripts/generate-endpoints from data/api/client-server/key_backup.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getRoomKeysVersionCurrent = {
  operation: "getRoomKeysVersionCurrent",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/room_keys/version",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keysversion",
} as const satisfies Endpoint;

export const postRoomKeysVersion = {
  operation: "postRoomKeysVersion",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/room_keys/version",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      algorithm: { type: "string", enum: ["m.megolm_backup.v1.curve25519-aes-sha2"] },
      auth_data: { type: "object" },
    },
    required: ["algorithm", "auth_data"],
  },
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3room_keysversion",
} as const satisfies Endpoint;

export const getRoomKeysVersion = {
  operation: "getRoomKeysVersion",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/room_keys/version/{version}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keysversionversion",
} as const satisfies Endpoint;

export const putRoomKeysVersion = {
  operation: "putRoomKeysVersion",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/room_keys/version/{version}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      algorithm: { type: "string", enum: ["m.megolm_backup.v1.curve25519-aes-sha2"] },
      auth_data: { type: "object" },
      version: { type: "string" },
    },
    required: ["algorithm", "auth_data"],
  },
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keysversionversion",
} as const satisfies Endpoint;

export const deleteRoomKeysVersion = {
  operation: "deleteRoomKeysVersion",
  api: "client-server",
  method: "DELETE",
  path: "/_matrix/client/v3/room_keys/version/{version}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keysversionversion",
} as const satisfies Endpoint;

export const getRoomKeyBySessionId = {
  operation: "getRoomKeyBySessionId",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [{ name: "version", type: "string", required: true }],
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeysroomidsessionid",
} as const satisfies Endpoint;

export const putRoomKeyBySessionId = {
  operation: "putRoomKeyBySessionId",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  query: [{ name: "version", type: "string", required: true }],
  request: {
    type: "object",
    properties: {
      first_message_index: { type: "integer" },
      forwarded_count: { type: "integer" },
      is_verified: { type: "boolean" },
      session_data: { type: "object" },
    },
    required: ["first_message_index", "forwarded_count", "is_verified", "session_data"],
  },
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keyskeysroomidsessionid",
} as const satisfies Endpoint;

export const deleteRoomKeyBySessionId = {
  operation: "deleteRoomKeyBySessionId",
  api: "client-server",
  method: "DELETE",
  path: "/_matrix/client/v3/room_keys/keys/{roomId}/{sessionId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [{ name: "version", type: "string", required: true }],
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keyskeysroomidsessionid",
} as const satisfies Endpoint;

export const getRoomKeysByRoomId = {
  operation: "getRoomKeysByRoomId",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/room_keys/keys/{roomId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [{ name: "version", type: "string", required: true }],
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeysroomid",
} as const satisfies Endpoint;

export const putRoomKeysByRoomId = {
  operation: "putRoomKeysByRoomId",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/room_keys/keys/{roomId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  query: [{ name: "version", type: "string", required: true }],
  request: {
    type: "object",
    properties: {
      sessions: {
        type: "object",
        additionalProperties: {
          type: "object",
          properties: {
            first_message_index: { type: "integer" },
            forwarded_count: { type: "integer" },
            is_verified: { type: "boolean" },
            session_data: { type: "object" },
          },
          required: ["first_message_index", "forwarded_count", "is_verified", "session_data"],
        },
      },
    },
    required: ["sessions"],
  },
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keyskeysroomid",
} as const satisfies Endpoint;

export const deleteRoomKeysByRoomId = {
  operation: "deleteRoomKeysByRoomId",
  api: "client-server",
  method: "DELETE",
  path: "/_matrix/client/v3/room_keys/keys/{roomId}",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [{ name: "version", type: "string", required: true }],
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keyskeysroomid",
} as const satisfies Endpoint;

export const getRoomKeys = {
  operation: "getRoomKeys",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/room_keys/keys",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [{ name: "version", type: "string", required: true }],
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3room_keyskeys",
} as const satisfies Endpoint;

export const putRoomKeys = {
  operation: "putRoomKeys",
  api: "client-server",
  method: "PUT",
  path: "/_matrix/client/v3/room_keys/keys",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  query: [{ name: "version", type: "string", required: true }],
  request: {
    type: "object",
    properties: {
      rooms: {
        type: "object",
        additionalProperties: {
          type: "object",
          properties: {
            sessions: {
              type: "object",
              additionalProperties: {
                type: "object",
                properties: {
                  first_message_index: { type: "integer" },
                  forwarded_count: { type: "integer" },
                  is_verified: { type: "boolean" },
                  session_data: { type: "object" },
                },
                required: ["first_message_index", "forwarded_count", "is_verified", "session_data"],
              },
            },
          },
          required: ["sessions"],
        },
      },
    },
    required: ["rooms"],
  },
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keyskeys",
} as const satisfies Endpoint;

export const deleteRoomKeys = {
  operation: "deleteRoomKeys",
  api: "client-server",
  method: "DELETE",
  path: "/_matrix/client/v3/room_keys/keys",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [{ name: "version", type: "string", required: true }],
  since: "1.1",
  link: "https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3room_keyskeys",
} as const satisfies Endpoint;
