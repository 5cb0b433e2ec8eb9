// Made by scripts/generate-endpoints from data/api/client-server/support.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getWellknownSupport = {
  operation: "getWellknownSupport",
  api: "client-server",
  method: "GET",
  path: "/.well-known/matrix/support",
  auth: "none",
  rateLimit: "none",
  body: "none",
  since: "1.10",
  link: "https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixsupport",
} as const satisfies Endpoint;
