// Made by scripts/generate-endpoints from data/api/client-server/account_deactivation.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const deactivateAccount = {
  operation: "deactivateAccount",
  api: "client-server",
  method: "POST",
  path: "/_matrix/client/v3/account/deactivate",
  auth: "optional",
  rateLimit: "default",
  body: "json",
  request: {
    type: "object",
    properties: {
      auth: { type: "object", properties: { type: { type: "string" }, session: { type: "string" } } },
      id_server: { type: "string" },
      erase: { type: "boolean" },
    },
  },
  link: "https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate",
} as const satisfies Endpoint;
