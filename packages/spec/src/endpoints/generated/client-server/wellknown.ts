// Made by scripts/generate-endpoints from data/api/client-server/wellknown.yaml of the Matrix specification v1.19. Not edited by hand.
import type { Endpoint } from '../../endpoint.ts';

export const getWellknown = {
  operation: "getWellknown",
  api: "client-server",
  method: "GET",
  path: "/.well-known/matrix/client",
  auth: "none",
  rateLimit: "none",
  body: "none",
  link: "https://spec.matrix.org/v1.19/client-server-api/#getwell-knownmatrixclient",
} as const satisfies Endpoint;
