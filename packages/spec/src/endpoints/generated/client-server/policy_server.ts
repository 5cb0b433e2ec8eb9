// Made by scripts/generate-endpoints from data/api/client-server/policy_server.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getWellknownPolicy = {
  operation: "getWellknownPolicy",
  api: "client-server",
  method: "GET",
  path: "/.well-known/matrix/policy_server",
  auth: "none",
  rateLimit: "none",
  body: "none",
  since: "1.18",
  link: "https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixpolicy_server",
} as const satisfies Endpoint;
