// Made by scripts/generate-endpoints from data/api/push-gateway/push_notifier.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const notify = {
  operation: "notify",
  api: "push-gateway",
  method: "POST",
  path: "/_matrix/push/v1/notify",
  auth: "none",
  rateLimit: "none",
  body: "json",
  request: {
    type: "object",
    properties: {
      notification: {
        type: "object",
        properties: {
          event_id: { type: "string" },
          room_id: { type: "string" },
          type: { type: "string" },
          sender: { type: "string" },
          sender_display_name: { type: "string" },
          room_name: { type: "string" },
          room_alias: { type: "string" },
          user_is_target: { type: "boolean" },
          prio: { type: "string", enum: ["high", "low"] },
          content: { type: "object" },
          counts: { type: "object", properties: { unread: { type: "integer" }, missed_calls: { type: "integer" } } },
          devices: {
            type: "array",
            items: {
              type: "object",
              properties: {
                app_id: { type: "string" },
                pushkey: { type: "string" },
                pushkey_ts: { type: "integer" },
                data: { type: "object", properties: { format: { type: "string" } } },
                tweaks: { type: "object" },
              },
              required: ["app_id", "pushkey"],
            },
          },
        },
        required: ["devices"],
      },
    },
    required: ["notification"],
  },
  link: "https://spec.matrix.org/v1.19/push-gateway-api/#post_matrixpushv1notify",
} as const satisfies Endpoint;
