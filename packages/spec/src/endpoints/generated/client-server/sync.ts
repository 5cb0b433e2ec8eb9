// Made by scripts/generate-endpoints from data/api/client-server/sync.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const sync = {
  operation: "sync",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v3/sync",
  auth: "accessToken",
  rateLimit: "none",
  body: "none",
  query: [
    { name: "filter", type: "string" },
    { name: "since", type: "string" },
    { name: "full_state", type: "boolean" },
    { name: "set_presence", type: "string", values: ["offline", "online", "unavailable"] },
    { name: "timeout", type: "integer" },
    { name: "use_state_after", type: "boolean" },
  ],
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync",
} as const satisfies Endpoint;
