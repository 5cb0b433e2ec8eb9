// Made by scripts/generate-endpoints from data/api/client-server/threads_list.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getThreadRoots = {
  operation: "getThreadRoots",
  api: "client-server",
  method: "GET",
  path: "/_matrix/client/v1/rooms/{roomId}/threads",
  auth: "accessToken",
  rateLimit: "default",
  body: "none",
  query: [
    { name: "include", type: "string", values: ["all", "participated"] },
    { name: "limit", type: "integer" },
    { name: "from", type: "string" },
  ],
  since: "1.4",
  link: "https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidthreads",
} as const satisfies Endpoint;
