// Made by scripts/generate-endpoints from data/api/server-server/wellknown.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getWellKnown = {
  operation: "getWellKnown",
  api: "server-server",
  method: "GET",
  path: "/.well-known/matrix/server",
  auth: "none",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/server-server-api/#getwell-knownmatrixserver",
} as const satisfies Endpoint;
