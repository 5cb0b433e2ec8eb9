// Made by scripts/generate-endpoints from data/api/server-server/room_policy.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const askPolicyServerToSign = {
  operation: "askPolicyServerToSign",
  api: "server-server",
  method: "POST",
  path: "/_matrix/policy/v1/sign",
  auth: "server",
  rateLimit: "none",
  body: "json",
  request: { type: "object" },
  link: "https://spec.matrix.org/v1.19/server-server-api/#post_matrixpolicyv1sign",
} as const satisfies Endpoint;
