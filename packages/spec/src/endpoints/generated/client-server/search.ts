// Made by scripts/generate-endpoints from data/api/client-server/search.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const search = {
  operation: "search",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/search",
  auth: "accessToken",
  rateLimit: "default",
  body: "json",
  query: [{ name: "next_batch", type: "string" }],
  request: {
    type: "object",
    properties: {
      search_categories: {
        type: "object",
        properties: {
          room_events: {
            type: "object",
            properties: {
              search_term: { type: "string" },
              keys: {
                type: "array",
                items: { type: "string", enum: ["content.body", "content.name", "content.topic"] },
              },
              filter: {
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
              order_by: { type: "string", enum: ["recent", "rank"] },
              event_context: {
                type: "object",
                properties: {
                  before_limit: { type: "integer" },
                  after_limit: { type: "integer" },
                  include_profile: { type: "boolean" },
                },
              },
              include_state: { type: "boolean" },
              groupings: {
                type: "object",
                properties: {
                  group_by: {
                    type: "array",
                    items: { type: "object", properties: { key: { type: "string", enum: ["room_id", "sender"] } } },
                  },
                },
              },
            },
            required: ["search_term"],
          },
        },
      },
    },
    required: ["search_categories"],
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3search",
} as const satisfies Endpoint;
