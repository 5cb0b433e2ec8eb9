// Made by scripts/generate-endpoints from data/api/client-server/filter.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const defineFilter = {
  operation: "defineFilter",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/user/{userId}/filter",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      event_fields: { type: "array", items: { type: "string" } },
      event_format: { type: "string", enum: ["client", "federation"] },
      presence: {
        type: "object",
        properties: {
          limit: { type: "integer" },
          not_senders: { type: "array", items: { type: "string" } },
          not_types: { type: "array", items: { type: "string" } },
          senders: { type: "array", items: { type: "string" } },
          types: { type: "array", items: { type: "string" } },
        },
      },
      account_data: {
        type: "object",
        properties: {
          limit: { type: "integer" },
          not_senders: { type: "array", items: { type: "string" } },
          not_types: { type: "array", items: { type: "string" } },
          senders: { type: "array", items: { type: "string" } },
          types: { type: "array", items: { type: "string" } },
        },
      },
      room: {
        type: "object",
        properties: {
          not_rooms: { type: "array", items: { type: "string" } },
          rooms: { type: "array", items: { type: "string" } },
          ephemeral: {
            type: "object",
            properties: {
              limit: { type: "integer" },
              not_senders: { type: "array", items: { type: "string" } },
              not_types: { type: "array", items: { type: "string" } },
              senders: { type: "array", items: { type: "string" } },
              types: { type: "array", items: { type: "string" } },
              unread_thread_notifications: { type: "boolean" },
              lazy_load_members: { type: "boolean" },
              include_redundant_members: { type: "boolean" },
              not_rooms: { type: "array", items: { type: "string" } },
              rooms: { type: "array", items: { type: "string" } },
              contains_url: { type: "boolean" },
            },
          },
          include_leave: { type: "boolean" },
          state: {
            type: "object",
            properties: {
              limit: { type: "integer" },
              not_senders: { type: "array", items: { type: "string" } },
              not_types: { type: "array", items: { type: "string" } },
              senders: { type: "array", items: { type: "string" } },
              types: { type: "array", items: { type: "string" } },
              unread_thread_notifications: { type: "boolean" },
              lazy_load_members: { type: "boolean" },
              include_redundant_members: { type: "boolean" },
              not_rooms: { type: "array", items: { type: "string" } },
              rooms: { type: "array", items: { type: "string" } },
              contains_url: { type: "boolean" },
            },
          },
          timeline: {
            type: "object",
            properties: {
              limit: { type: "integer" },
              not_senders: { type: "array", items: { type: "string" } },
              not_types: { type: "array", items: { type: "string" } },
              senders: { type: "array", items: { type: "string" } },
              types: { type: "array", items: { type: "string" } },
              unread_thread_notifications: { type: "boolean" },
              lazy_load_members: { type: "boolean" },
              include_redundant_members: { type: "boolean" },
              not_rooms: { type: "array", items: { type: "string" } },
              rooms: { type: "array", items: { type: "string" } },
              contains_url: { type: "boolean" },
            },
          },
          account_data: {
            type: "object",
            properties: {
              limit: { type: "integer" },
              not_senders: { type: "array", items: { type: "string" } },
              not_types: { type: "array", items: { type: "string" } },
              senders: { type: "array", items: { type: "string" } },
              types: { type: "array", items: { type: "string" } },
              unread_thread_notifications: { type: "boolean" },
              lazy_load_members: { type: "boolean" },
              include_redundant_members: { type: "boolean" },
              not_rooms: { type: "array", items: { type: "string" } },
              rooms: { type: "array", items: { type: "string" } },
              contains_url: { type: "boolean" },
            },
          },
        },
      },
    },
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3useruseridfilter",
} as const satisfies Endpoint;

export const getFilter = {
  operation: "getFilter",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/user/{userId}/filter/{filterId}",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridfilterfilterid",
} as const satisfies Endpoint;
